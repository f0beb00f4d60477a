import { join } from 'node:path';
import type { DataDirectory } from './data-directory.ts';
import { enginePart } from './engine-part.ts';
import { ezklPart } from './ezkl-part.ts';
import { groth16Part } from './groth16-part.ts';
import type { Part } from './part.ts';

/** Why the user leaves provers out, by the prover's name. */
export interface LeftOut {
  ezkl?: string;
  groth16?: string;
}

export interface PartsInit {
  directory: DataDirectory;
  leftOut: LeftOut;
  /** What installers run with, e.g. `process.env`. */
  environment: Readonly<Record<string, string | undefined>>;
}

/** Every part that this program can use, in the order in which they are set up. */
export function parts({ directory, leftOut, environment }: PartsInit): Part[] {
  const reason = (why: string | undefined) => (why === undefined ? {} : { leftOut: why });
  return [
    groth16Part({
      folder: directory.groth16,
      toolchain: join(directory.groth16, 'toolchain'),
      environment,
      ...reason(leftOut.groth16),
    }),
    ezklPart({ environment: directory.python, ...reason(leftOut.ezkl) }),
    enginePart(reason(leftOut.ezkl)),
  ];
}

/**
 * The parts that provers need.
 *
 * @param provers by their names
 */
export function partsOf(all: readonly Part[], provers: readonly string[]): Part[] {
  return all.filter(({ name }) => provers.some((prover) => name === prover || name.startsWith(`${prover}-`)));
}
