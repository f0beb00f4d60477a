/** How a port's values are bound to public inputs. */
export type PortBinding =
  | { scheme: 'public' }
  /** `domain` is the sponge's, which fixes the edge's type (`commitmentDomain`); a blinded commitment hides the values. */
  | { scheme: 'poseidon2'; domain: bigint; blinded: boolean };

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
