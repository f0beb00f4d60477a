import { join } from 'node:path';

/** Where everything that the program keeps lies; nothing else is ever written without being asked for. */
export interface DataDirectory {
  root: string;
  /** The virtual environment with ezkl. */
  python: string;
  /** The Groth16 prover's worker, and the toolchain that built it where the machine has none. */
  groth16: string;
  /** What inputs of each model have shown, from which scales follow. */
  calibrations: string;
  /** Circuits, keys and SRS by content. */
  cache: string;
  /** The identity and the state of a node of the network. */
  node: string;
  /** The embedded chain, and what is kept of each chain: deployments, jobs, proofs. */
  chain: string;
}

/** @param root - Absolute path. */
export function dataDirectory(root: string): DataDirectory {
  return {
    root,
    python: join(root, 'python'),
    groth16: join(root, 'groth16'),
    calibrations: join(root, 'calibrations'),
    cache: join(root, 'cache'),
    node: join(root, 'node'),
    chain: join(root, 'chain'),
  };
}

/** Everything below `root` that the program makes, by what it is for: what `uninstall` may remove. */
export function contents(directory: DataDirectory): { path: string; what: string }[] {
  return [
    { path: directory.python, what: 'the Python environment with ezkl' },
    { path: directory.groth16, what: 'the Groth16 prover, built on this machine' },
    { path: directory.calibrations, what: 'what inputs of each model have shown' },
    {
      path: directory.cache,
      what: 'circuits, keys and SRS (made again when needed; keys of Groth16 are others then)',
    },
    {
      path: directory.chain,
      what: 'the embedded chain, jobs, and proofs that may yet be challenged',
    },
    {
      path: directory.node,
      what: 'the node: its state, and its identity (keep it: tessera identity backup)',
    },
  ];
}
