import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs forge on the contracts; resolves with all that it printed, whatever its exit status. */
export function forge(args: readonly string[]): Promise<{ status: number; output: string }> {
  return new Promise((resolve, reject) => {
    const options = { cwd: root, maxBuffer: 64 * 2 ** 20, env: { ...process.env, NO_COLOR: '1' } };
    execFile(`${root}node_modules/.bin/forge`, args, options, (error, stdout, stderr) => {
      const status = error === null ? 0 : error.code;
      if (typeof status !== 'number') reject(error);
      else resolve({ status, output: `${stdout}\n${stderr}` });
    });
  });
}
