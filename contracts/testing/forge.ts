import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The command of npm's package ends with status 0 whatever forge says, so forge itself is run. */
export function forgeBinary(): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const name = `@foundry-rs/forge-${process.platform}-${architecture}`;
  const { resolve } = createRequire(createRequire(import.meta.url).resolve('@foundry-rs/forge/package.json'));
  const file = process.platform === 'win32' ? 'forge.exe' : 'forge';
  return join(dirname(resolve(`${name}/package.json`)), 'bin', file);
}

/** Runs forge on the contracts; resolves with all that it printed, whatever its exit status. */
export function forge(args: readonly string[]): Promise<{ status: number; output: string }> {
  return new Promise((resolve, reject) => {
    const options = { cwd: root, maxBuffer: 64 * 2 ** 20, env: { ...process.env, NO_COLOR: '1' } };
    execFile(forgeBinary(), args, options, (error, stdout, stderr) => {
      const status = error === null ? 0 : error.code;
      if (typeof status !== 'number') reject(error);
      else resolve({ status, output: `${stdout}\n${stderr}` });
    });
  });
}
