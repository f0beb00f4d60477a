import type { Affine } from './operations/affine.ts';
import type { Convolution } from './operations/convolution.ts';
import type { Matrix } from './operations/matrix.ts';
import type { Maximum } from './operations/maximum.ts';
import type { Product } from './operations/product.ts';
import type { Rearrange } from './operations/rearrange.ts';
import type { Requantise } from './operations/requantise.ts';
import type { WindowSum } from './operations/window-sum.ts';
import type { QuantisedTensor } from './tensor.ts';

/** One step of integer inference; README.md defines each. */
export type Operation =
  | Convolution
  | Matrix
  | WindowSum
  | Affine
  | Rearrange
  | Requantise
  | Maximum
  | Product;

export interface QuantisedNode {
  /** Unique in the model. */
  name: string;
  operation: Operation;
  inputs: readonly string[];
  output: string;
}

/** A model over integers. */
export interface QuantisedModel {
  inputs: readonly string[];
  outputs: readonly string[];
  /** Every input and every node's output. */
  tensors: ReadonlyMap<string, QuantisedTensor>;
  /** In topological order. */
  nodes: readonly QuantisedNode[];
}
