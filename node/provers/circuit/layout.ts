import type { Maximum } from '../../../protocol/arithmetic/operations/maximum.ts';

/** Which port of the circuit. */
export interface PortRef {
  side: 'input' | 'output';
  index: number;
}

/** Which wires the witness of one execution fills, and with what. */
export type AssignmentStep =
  /** The tensor's values. */
  | { kind: 'values'; first: number; tensor: string }
  /** See `gadgets/requantise.ts`: the tensor's values, rounded and without `shift` fractional bits. */
  | { kind: 'quotients'; first: number; shift: number; source: string }
  /** See `gadgets/maximum.ts`: one wire a comparison. */
  | { kind: 'maximum'; first: number; operation: Maximum; source: string }
  /** See `gadgets/context.ts`. */
  | { kind: 'context'; square: number }
  /** See `gadgets/commitment.ts`: four wires a permutation. `blinding` is left out on edges that need none. */
  | { kind: 'commitment'; states: number; blinding?: number; public: number; port: PortRef };

/** What consecutive public inputs mean. */
export type PublicInput =
  | { kind: 'context'; first: number; count: 1 }
  | { kind: 'commitment'; first: number; count: 1; port: PortRef }
  | { kind: 'values'; first: number; count: number; port: PortRef };

/** Where everything stands in a circuit's witness. */
export interface Layout {
  /** Wires, wire 0 included. */
  wires: number;
  /** In the order of the public wires, from wire 1. */
  publicInputs: readonly PublicInput[];
  steps: readonly AssignmentStep[];
}
