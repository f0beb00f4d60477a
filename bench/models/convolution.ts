import type { Draft } from '../../node/model/draft.ts';
import { Network } from './network.ts';

/** One convolution of 3 × 3 with a ReLU: `channels` to `channels`, on `side` × `side`. */
export function convolutionModel(channels: number, side: number): Draft {
  const network = new Network(`convolution-${channels}-${side}`, channels, side, 1);
  const features = network.convolution(network.input, { channels, kernel: 3, rectified: true });
  return network.finish(network.relu(features));
}
