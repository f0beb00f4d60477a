import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, TesseraError } from '../../../protocol/errors.ts';
import { ProverProcess } from '../process/prover-process.ts';
import type { EzklEngine } from './verifier/index.ts';
import { ezklVersion } from './version.ts';

export interface NativeEngineInit {
  /** The Python interpreter of an environment that has ezkl. */
  python: string;
  /** Where ezkl may write; it gets no other place. */
  directory: string;
  /** Milliseconds that one proof may take. */
  timeout?: number;
  /** Bytes of memory for the process. */
  memoryLimit?: number;
}

const defaultLimits = { timeout: 120_000, memoryLimit: 4 * 2 ** 30 } as const;

/** Failures of this machine, which say nothing about the proof. */
const unavailable: ReadonlySet<ErrorCode> = new Set([
  'PROVER_MISSING',
  'DEADLINE_EXCEEDED',
  'MEMORY_EXCEEDED',
]);

/** ezkl itself as an engine that verifies, in a process of its own. */
export function createNativeEngine({
  python,
  directory,
  timeout = defaultLimits.timeout,
  memoryLimit = defaultLimits.memoryLimit,
}: NativeEngineInit): EzklEngine & { close(): Promise<void> } {
  // Compiled, worker.py lies beside this file as it does in the source.
  const worker = fileURLToPath(new URL('./worker.py', import.meta.url));
  const process = new ProverProcess({
    name: 'ezkl',
    command: python,
    args: ['-I', '-B', worker],
    version: ezklVersion,
    env: { HOME: directory },
    cwd: directory,
  });
  return {
    async verify(input, signal) {
      const scratch = await mkdtemp(join(directory, 'verify-'));
      try {
        const files = {
          proof: join(scratch, 'proof.json'),
          settings: join(scratch, 'settings.json'),
          verifyingKey: join(scratch, 'verifying.key'),
          srs: join(scratch, 'kzg.srs'),
        };
        for (const [role, path] of Object.entries(files))
          await writeFile(path, input[role as keyof typeof files]);
        const { value } = await process.request(
          'verify',
          { ...files, reduced: true },
          { timeout, memoryLimit, ...(signal ? { signal } : {}) },
        );
        return value === true ? { verdict: 'valid' } : { verdict: 'invalid', reason: 'ezkl says so' };
      } catch (error) {
        // ezkl raises for a bad proof; a crash on hostile bytes is no acceptance either.
        if (!(error instanceof TesseraError) || error.code === 'ABORTED' || error.code === 'STORAGE_FAILED')
          throw error;
        return { verdict: unavailable.has(error.code) ? 'unavailable' : 'invalid', reason: error.message };
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    },
    close: () => process.close(),
  };
}
