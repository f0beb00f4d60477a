/** How a port's values are bound to public inputs. */
export type PortBinding =
  | { scheme: 'public' }
  /** `tag` separates edge types; a blinded commitment hides the values. */
  | { scheme: 'poseidon2'; tag: bigint; blinded: boolean };

/** One end of a circuit: the interval it proves, and the binding. */
export interface CircuitPort {
  lo: number;
  hi: number;
  binding: PortBinding;
}

/** In the order of the model's inputs and outputs. */
export interface CircuitPorts {
  inputs: readonly CircuitPort[];
  outputs: readonly CircuitPort[];
}
