import { fileURLToPath } from 'node:url';
import { groth16Part } from '../../../setup/groth16-part.ts';
import { workerPath } from '../worker-path.ts';

const cache = (name: string) =>
  fileURLToPath(new URL(`../../../../node_modules/.cache/tessera/${name}`, import.meta.url));

/** Where tests install a Go toolchain when the machine has none. */
export const toolchain = cache('go');

/** The built worker, for tests: from the last run, or built now. */
export async function builtWorker(): Promise<string> {
  const folder = cache('groth16');
  const part = groth16Part({ folder, toolchain, environment: process.env });
  if ((await part.check()).state === 'missing') await part.install();
  return workerPath(folder);
}
