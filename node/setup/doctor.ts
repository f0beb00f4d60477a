import { availableParallelism, freemem, totalmem } from 'node:os';
import type { DataDirectory } from './data-directory.ts';
import type { Part, PartState } from './part.ts';

/** What this machine and this install are able to do. */
export interface Diagnosis {
  version: string;
  node: string;
  platform: string;
  cores: number;
  memory: { totalBytes: number; freeBytes: number };
  dataDirectory: string;
  parts: ({ name: string; why: string } & PartState)[];
  /** Whether no part is missing; one that the user left out is not missed. */
  complete: boolean;
}

export interface DiagnoseOptions {
  version: string;
  directory: DataDirectory;
  parts: readonly Part[];
  signal?: AbortSignal;
}

/** Looks at every part; changes nothing and needs no network. */
export async function diagnose({ version, directory, parts, signal }: DiagnoseOptions): Promise<Diagnosis> {
  const states = await Promise.all(
    parts.map(async (part) => ({ name: part.name, why: part.why, ...(await part.check(signal)) })),
  );
  return {
    version,
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    cores: availableParallelism(),
    memory: { totalBytes: totalmem(), freeBytes: freemem() },
    dataDirectory: directory.root,
    parts: states,
    complete: states.every((part) => part.state !== 'missing'),
  };
}
