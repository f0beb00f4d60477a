import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TesseraError } from '../../protocol/errors.ts';
import { ezklVersion } from '../provers/ezkl/version.ts';
import { failureOutput } from './failure-output.ts';
import type { InstallOptions, Part, PartState } from './part.ts';
import { findPython, installWheels } from './python.ts';

const run = promisify(execFile);
const requirementsFile = fileURLToPath(new URL('./ezkl-requirements.txt', import.meta.url));

export interface EzklPartInit {
  /** Directory of the virtual environment. */
  environment: string;
  /** Why the user leaves ezkl out, if so. */
  leftOut?: string;
}

/** The Python of a virtual environment. */
export function environmentPython(environment: string): string {
  return process.platform === 'win32'
    ? join(environment, 'Scripts', 'python.exe')
    : join(environment, 'bin', 'python');
}

async function isRunnable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** ezkl in a virtual environment of this program's own, pinned by the digests of its wheels. */
export function ezklPart({ environment, leftOut }: EzklPartInit): Part {
  const python = environmentPython(environment);
  // Written last: an environment without it, or with another one's, is not finished.
  const stamp = join(environment, 'tessera-requirements.sha256');

  async function requirementsDigest(): Promise<string> {
    return createHash('sha256')
      .update(await readFile(requirementsFile))
      .digest('hex');
  }

  async function check(): Promise<PartState> {
    if (leftOut !== undefined) return { state: 'left out', reason: leftOut };
    const stamped = await readFile(stamp, 'utf8').catch(() => undefined);
    const remedy = 'Run: tessera setup';
    if (stamped === undefined) {
      return { state: 'missing', reason: `${environment} holds no finished environment.`, remedy };
    }
    if (stamped !== (await requirementsDigest())) {
      return { state: 'missing', reason: `${environment} holds another release of ezkl.`, remedy };
    }
    // The environment points at the Python it was made with, which the user may have removed since.
    if (!(await isRunnable(python))) {
      return { state: 'missing', reason: `${python} does not start any more.`, remedy };
    }
    return { state: 'present', version: ezklVersion, path: python };
  }

  async function install({ signal, onProgress }: InstallOptions = {}): Promise<void> {
    const options = { maxBuffer: 16 * 2 ** 20, ...(signal ? { signal } : {}) };
    onProgress?.('looking for Python');
    const base = await findPython(signal);

    onProgress?.(`making a virtual environment with Python ${base.version}`);
    await rm(stamp, { force: true });
    try {
      await run(base.executable, ['-m', 'venv', '--clear', environment], options);
    } catch (cause) {
      signal?.throwIfAborted();
      throw new TesseraError('PROVER_MISSING', {
        message: `Python ${base.version} could not make a virtual environment in ${environment}:\n${failureOutput(cause)}`,
        remedy:
          'Check that the disk has room and that python3 -m venv works (Debian: apt install python3-venv).',
        cause,
      });
    }

    onProgress?.(`downloading and installing ezkl ${ezklVersion}`);
    try {
      await installWheels(python, requirementsFile, options);
    } catch (cause) {
      signal?.throwIfAborted();
      throw new TesseraError('DOWNLOAD_FAILED', {
        message: `pip could not install ezkl ${ezklVersion} for ${process.platform}-${process.arch}:\n${failureOutput(cause)}`,
        remedy:
          'If the network failed, run "tessera setup" again. If pip found no matching distribution, ezkl has no build for this platform: proving needs another machine; slice, run and verify work here.',
        cause,
      });
    }

    onProgress?.('checking that ezkl loads');
    try {
      await run(python, ['-c', 'import ezkl, os; os._exit(0)'], options);
    } catch (cause) {
      signal?.throwIfAborted();
      throw new TesseraError('PROVER_MISSING', {
        message: `ezkl ${ezklVersion} is installed in ${environment} but does not load:\n${failureOutput(cause)}`,
        remedy: 'Its build may not suit this system library; see the lines above.',
        cause,
      });
    }
    await writeFile(stamp, await requirementsDigest());
  }

  return {
    name: 'ezkl',
    why: 'prove, and verify --native, need it; slice, run and verify do not.',
    check,
    install,
  };
}
