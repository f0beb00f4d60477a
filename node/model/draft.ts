import type { Constant, ElementType, ModelNode } from './model.ts';

/** A tensor's type as far as a file states it: a dimension is a number, a symbol, or unknown. */
export interface DraftType {
  element: ElementType;
  /** `undefined` when even the rank is unknown. */
  shape: readonly (number | string | undefined)[] | undefined;
}

/**
 * A model while it is being imported: like {@link Model}, but its nodes may be in any order and its types
 * may be incomplete or missing. Every `Model` is a `Draft`.
 */
export interface Draft {
  name: string;
  irVersion: number;
  /** Opset version by domain. */
  opsets: ReadonlyMap<string, number>;
  inputs: readonly string[];
  outputs: readonly string[];
  nodes: readonly ModelNode[];
  constants: ReadonlyMap<string, Constant>;
  /** What is known of the types of inputs and node outputs. */
  types: ReadonlyMap<string, DraftType>;
}
