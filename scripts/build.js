// Compiles the program into dist/ and puts the files that stand beside its modules there too.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const assets = new Set(['.py', '.txt', '.proto', '.go', '.mod', '.sum']);

rmSync(join(root, 'dist'), { recursive: true, force: true });
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
for (const folder of ['node', 'protocol']) {
  cpSync(join(root, folder), join(root, 'dist', folder), {
    recursive: true,
    filter: (path) =>
      statSync(path).isDirectory()
        ? basename(path) !== 'testing'
        : assets.has(extname(path)) && !path.endsWith('_test.go'),
  });
}
process.exitCode = status ?? 1;
