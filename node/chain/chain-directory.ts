import { join } from 'node:path';
import type { Hex32 } from '../../protocol/edge.ts';
import { type JsonFile, jsonFile, type ProofArtifacts, proofDirectory } from './file-store.ts';

/** What a node keeps of one chain, below the data directory. */
export interface ChainDirectory {
  /** The embedded chain's state. */
  embedded: string;
  /** What `tessera chain deploy` wrote. */
  deployment: string;
  /** Proofs that were submitted by their hash. */
  proofs: ProofArtifacts;
  /** Failures of claims in a row. */
  guard: JsonFile;
  /** How a job was made. @param id of the job on its market, which is in it */
  job(id: Hex32): JsonFile;
  /** Where this machine computed other values than a job commits to. */
  mismatches(id: Hex32): JsonFile;
  /** A job that is not done with. @param order what identifies it to whoever asks for it */
  posting(order: Hex32): JsonFile;
}

/** @param root of the data directory's part for chains */
export function chainDirectory(root: string, chainId: number): ChainDirectory {
  const own = join(root, String(chainId));
  return {
    embedded: embeddedDirectory(root),
    deployment: join(own, 'deployment.json'),
    proofs: proofDirectory(join(own, 'proofs')),
    guard: jsonFile(join(own, 'failures.json')),
    job: (id) => jsonFile(join(own, 'jobs', `${id}.json`)),
    mismatches: (id) => jsonFile(join(own, 'mismatches', `${id}.json`)),
    posting: (order) => jsonFile(join(own, 'postings', `${order}.json`)),
  };
}

/** Where the embedded chain keeps its state. */
export const embeddedDirectory = (root: string): string => join(root, 'embedded');
