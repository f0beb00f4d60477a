import { execFile } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { env } from 'onnxruntime-node';
import { packageRoot, version } from '../node/package.ts';
import { ezklVersion } from '../node/provers/ezkl/version.ts';
import { gnarkVersion } from '../node/provers/groth16/worker-path.ts';

const run = promisify(execFile);

export interface Machine {
  processor: string;
  cores: number;
  /** E.g. `24 GiB`. */
  memory: string;
}

export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  };
}

export interface Versions {
  tessera: string;
  node: string;
  ezkl: string;
  gnark: string;
  'onnxruntime-node': string;
}

export function describeVersions(): Versions {
  return {
    tessera: version,
    node: process.versions.node,
    ezkl: ezklVersion,
    gnark: gnarkVersion,
    'onnxruntime-node': env.versions.node ?? 'unknown',
  };
}

/** The commit that the sources are of, with `+` where they differ from it; `unknown` outside a repository. */
export async function describeCommit(): Promise<string> {
  const git = async (...args: string[]) => (await run('git', ['-C', packageRoot, ...args])).stdout.trim();
  try {
    const changed = await git('status', '--porcelain', '--untracked-files=no');
    return `${await git('rev-parse', '--short=12', 'HEAD')}${changed === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}
