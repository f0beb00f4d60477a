import type { EzklParams } from '../../node/provers/ezkl/parameters.ts';
import { type SampleModel, weights, window } from './sample-model.ts';

/** One circuit to set up and to prove with. */
export interface ProofSample {
  name: string;
  model: SampleModel;
  params: EzklParams;
}

/** A convolution, its bias and ReLU over a square image: rows of all kinds that a vision model has. */
export function convolution(channels: number, filters: number, side: number): SampleModel {
  return {
    inputs: { x: [1, channels, side, side] },
    nodes: [
      { operator: 'Conv', inputs: ['x', 'w', 'b'], outputs: ['c'], attributes: window(3, 1, 1) },
      { operator: 'Relu', inputs: ['c'], outputs: ['y'] },
    ],
    types: { c: [1, filters, side, side], y: [1, filters, side, side] },
    constants: { w: weights(filters, channels, 3, 3), b: weights(filters) },
  };
}

/** A dense layer: mostly multiplications. */
export function dense(width: number, outputs: number): SampleModel {
  return {
    inputs: { x: [1, width] },
    nodes: [{ operator: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    types: { y: [1, outputs] },
    constants: { w: weights(width, outputs) },
  };
}

/** Maxima: decompositions only. */
export function pooling(channels: number, side: number): SampleModel {
  return {
    inputs: { x: [1, channels, side, side] },
    nodes: [{ operator: 'MaxPool', inputs: ['x'], outputs: ['y'], attributes: window(2, 2) }],
    types: { y: [1, channels, side / 2, side / 2] },
  };
}

/** A table of values for each element. */
function sigmoid(size: number): SampleModel {
  return {
    inputs: { x: [1, size] },
    nodes: [{ operator: 'Sigmoid', inputs: ['x'], outputs: ['y'] }],
    types: { y: [1, size] },
  };
}

function sample(
  k: number,
  innerColumns: number,
  decompLegs: number,
  name: string,
  model: SampleModel,
): ProofSample {
  const params = { k, scale: 7, decompBase: 1024, decompLegs, innerColumns };
  return { name: `${name}, k=${k}, ${innerColumns} columns, ${decompLegs} legs`, model, params };
}

/** k from 11 to 17, rows from 1,000 to 60,000, 1 to 4 inner columns, 2 to 4 legs; small ones first. */
export const proofSamples: readonly ProofSample[] = [
  sample(11, 1, 2, 'conv 1-2-4', convolution(1, 2, 4)),
  sample(11, 2, 3, 'conv 1-4-8', convolution(1, 4, 8)),
  sample(11, 4, 3, 'conv 1-8-8', convolution(1, 8, 8)),
  sample(11, 2, 3, 'conv 2-6-8', convolution(2, 6, 8)),
  sample(12, 1, 3, 'conv 1-1-6', convolution(1, 1, 6)),
  sample(12, 2, 3, 'dense 256-64', dense(256, 64)),
  sample(12, 2, 2, 'conv 2-4-8', convolution(2, 4, 8)),
  sample(12, 4, 3, 'conv 2-12-8', convolution(2, 12, 8)),
  sample(12, 3, 4, 'pool 4-12', pooling(4, 12)),
  sample(12, 2, 3, 'conv 2-12-8', convolution(2, 12, 8)),
  sample(12, 2, 3, 'conv 4-6-12', convolution(4, 6, 12)),
  sample(13, 1, 3, 'conv 1-2-6', convolution(1, 2, 6)),
  sample(13, 2, 3, 'conv 1-4-8', convolution(1, 4, 8)),
  sample(13, 2, 2, 'conv 2-8-12', convolution(2, 8, 12)),
  sample(13, 4, 3, 'dense 512-100', dense(512, 100)),
  sample(13, 2, 4, 'conv 4-6-12', convolution(4, 6, 12)),
  sample(13, 4, 3, 'conv 4-8-12', convolution(4, 8, 12)),
  sample(13, 2, 3, 'conv 4-8-12', convolution(4, 8, 12)),
  sample(13, 1, 3, 'conv 2-4-10', convolution(2, 4, 10)),
  sample(13, 2, 3, 'sigmoid 500', sigmoid(500)),
  sample(13, 1, 3, 'sigmoid 100', sigmoid(100)),
  sample(14, 1, 3, 'sigmoid 400', sigmoid(400)),
  sample(12, 1, 3, 'pool 1-8', pooling(1, 8)),
  sample(12, 2, 3, 'pool 2-12', pooling(2, 12)),
  sample(13, 2, 2, 'pool 4-12', pooling(4, 12)),
  sample(13, 4, 3, 'pool 4-16', pooling(4, 16)),
  sample(14, 1, 3, 'conv 1-2-10', convolution(1, 2, 10)),
  sample(14, 2, 3, 'conv 2-4-10', convolution(2, 4, 10)),
  sample(14, 2, 3, 'conv 4-8-12', convolution(4, 8, 12)),
  sample(14, 4, 3, 'conv 4-6-12', convolution(4, 6, 12)),
  sample(15, 1, 3, 'conv 1-2-10', convolution(1, 2, 10)),
  sample(15, 2, 3, 'conv 4-6-12', convolution(4, 6, 12)),
  sample(15, 4, 2, 'conv 2-6-8', convolution(2, 6, 8)),
  sample(16, 1, 3, 'conv 1-2-10', convolution(1, 2, 10)),
  sample(17, 2, 3, 'conv 1-2-10', convolution(1, 2, 10)),
];
