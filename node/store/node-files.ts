import { join } from 'node:path';

/** Where a node keeps what outlives it, all owner-only. */
export interface NodeFiles {
  identity: string;
  database: string;
  /** Artifacts, by content. */
  artifacts: string;
  /** What this machine was measured to prove with. */
  capabilities: string;
  /** What is lent to and by invited peers, apart from what anybody may fetch. */
  privateArtifacts: string;
  /** What a program must show to use the local API. */
  apiToken: string;
  /** Where the local API listens while the node runs. */
  apiAddress: string;
}

/** @param directory The node's part of the data directory */
export function nodeFiles(directory: string): NodeFiles {
  return {
    identity: join(directory, 'identity.json'),
    database: join(directory, 'database'),
    artifacts: join(directory, 'artifacts'),
    capabilities: join(directory, 'capabilities.json'),
    privateArtifacts: join(directory, 'private-artifacts'),
    apiToken: join(directory, 'api-token'),
    apiAddress: join(directory, 'api-address'),
  };
}
