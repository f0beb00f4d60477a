import type { EdgeType, Hex32 } from './edge.ts';
import type { Graph } from './graph.ts';

/** A segment compiled for one prover, by the digests of everything a verifier needs. */
export interface Circuit {
  /** The prover's name, e.g. `ezkl`; the adapter's name begins with it. */
  prover: string;
  /** Proof system and format version that the verifier must speak, e.g. `ezkl/halo2-kzg/23.0.5`. */
  adapter: string;
  /** sha2-256 of each artifact that verification needs, by its role (for ezkl: `verifyingKey`, `settings`, `vka`, `evmVerifier`). */
  artifacts: Readonly<Record<string, Hex32>>;
  /** The type each port binds; `shape` is the block's. */
  inputs: readonly EdgeType[];
  outputs: readonly EdgeType[];
  /** `unique`: one output per input. `tolerance`: some operator accepts values within a tolerance; `operators` names them. */
  output: { kind: 'unique' } | { kind: 'tolerance'; operators: readonly string[] };
}

/** How the manifest was made from the model, so that an audit can make it again. */
export interface Recipe {
  /** sha2-256 of the ONNX file (with its external data, see protocol/README.md). */
  model: Hex32;
  /** Shapes given to dynamic inputs. */
  shapes: Readonly<Record<string, readonly number[]>>;
  /** Slicing strategy as on the command line, e.g. `parts=3`. */
  strategy: string;
  /** Version of this program. */
  version: string;
  /** Each circuit's prover parameters, canonical JSON, in the order of the manifest's circuits. */
  parameters: readonly string[];
}

/** Everything that is fixed before a job: what will be proven, under which keys. */
export interface Manifest {
  graph: Graph;
  circuits: readonly Circuit[];
  /** Every SRS the circuits rest on, by id. */
  srs: readonly Hex32[];
  recipe: Recipe;
}
