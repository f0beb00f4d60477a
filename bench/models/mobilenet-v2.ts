import type { Draft } from '../../node/model/draft.ts';
import { type ConvolutionOptions, type Features, Network } from './network.ts';

/**
 * Stages of inverted residuals at width 1.0: expansion, output channels, repetitions, stride of the first.
 * Source: Sandler et al., table 2, https://arxiv.org/abs/1801.04381.
 */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;
const stem = 32;
const head = 1280;
const classes = 1000;

/** MobileNetV2 of width 1.0 for images of `side` × `side`, batch norms folded, with random weights. */
export function mobilenetV2(side: number): Draft {
  const network = new Network(`mobilenet-v2-${side}`, 3, side, 1);
  const rectified = (features: Features, options: Omit<ConvolutionOptions, 'rectified'>) =>
    network.clip(network.convolution(features, { ...options, rectified: true }), 0, 6);

  const invertedResidual = (input: Features, expansion: number, channels: number, stride: number) => {
    const hidden = input.channels * expansion;
    const expanded = expansion === 1 ? input : rectified(input, { channels: hidden, kernel: 1 });
    const filtered = rectified(expanded, { channels: hidden, kernel: 3, stride, groups: hidden });
    const projected = network.convolution(filtered, { channels, kernel: 1, rectified: false });
    return stride === 1 && input.channels === channels ? network.add(input, projected) : projected;
  };

  let features = rectified(network.input, { channels: stem, kernel: 3, stride: 2 });
  for (const [expansion, channels, repetitions, stride] of stages) {
    for (let i = 0; i < repetitions; i += 1) {
      features = invertedResidual(features, expansion, channels, i === 0 ? stride : 1);
    }
  }
  features = network.globalAveragePool(rectified(features, { channels: head, kernel: 1 }));
  return network.finish(network.classify(features, classes));
}
