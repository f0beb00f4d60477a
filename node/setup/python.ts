import { type ExecFileOptions, execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { TesseraError } from '../../protocol/errors.ts';

const run = promisify(execFile);

/** The oldest Python that the pinned ezkl runs on. */
const oldestPython = [3, 9] as const;

export interface Python {
  executable: string;
  /** E.g. `3.12.4`. */
  version: string;
}

interface Candidate extends Python {
  hasVenv: boolean;
}

// A version manager's shim answers to a name it cannot run, so each candidate is started and asked.
const question = `
import importlib.util, json, sys
print(json.dumps({
    "executable": sys.executable,
    "version": ".".join(map(str, sys.version_info[:3])),
    "hasVenv": all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")),
}))`;

async function ask(command: string, signal: AbortSignal | undefined): Promise<Candidate | undefined> {
  try {
    const { stdout } = await run(command, ['-c', question], {
      timeout: 30_000,
      ...(signal ? { signal } : {}),
    });
    return JSON.parse(stdout) as Candidate;
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldestPython[0] || (major === oldestPython[0] && minor >= oldestPython[1]);
}

/**
 * The first Python on the path that can make a virtual environment.
 * @throws TesseraError `PROVER_MISSING` with what was found instead.
 */
export async function findPython(
  signal?: AbortSignal,
  commands: readonly string[] = ['python3', 'python'],
): Promise<Python> {
  const found: Candidate[] = [];
  for (const command of commands) {
    const candidate = await ask(command, signal);
    if (candidate === undefined) continue;
    if (isNewEnough(candidate.version) && candidate.hasVenv) return candidate;
    found.push(candidate);
  }
  const withoutVenv = found.find((candidate) => isNewEnough(candidate.version));
  if (withoutVenv) {
    throw new TesseraError('PROVER_MISSING', {
      message: `Python ${withoutVenv.version} at ${withoutVenv.executable} cannot make virtual environments: its venv or ensurepip module is missing.`,
      remedy: 'Install it (Debian and Ubuntu: apt install python3-venv) and run: tessera setup',
      details: { python: withoutVenv.executable },
    });
  }
  throw new TesseraError('PROVER_MISSING', {
    message:
      found.length === 0
        ? `No Python was found as ${commands.join(' or ')}.`
        : `Python ${found.map((python) => `${python.version} at ${python.executable}`).join(', ')} is too old.`,
    remedy: `Install Python ${oldestPython.join('.')} or newer so that "python3" starts it, and run: tessera setup`,
    details: { found: found.map(({ executable, version }) => ({ executable, version })) },
  });
}

const pipFlags = ['--disable-pip-version-check', '--no-input', '--no-deps', '--quiet', '--require-hashes'];

/**
 * Installs wheels that a requirements file names with their digests; nothing is built from source.
 *
 * @param python of the environment that gets them
 * @throws what `execFile` throws, with pip's words in `stderr`
 */
export async function installWheels(
  python: string,
  requirements: string,
  options: ExecFileOptions = {},
): Promise<void> {
  await run(
    python,
    ['-m', 'pip', 'install', ...pipFlags, '--only-binary', ':all:', '-r', requirements],
    options,
  );
}
