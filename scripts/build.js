// Compiles the program into dist/ and puts the files that stand beside its modules there too.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const assets = new Set(['.py', '.txt', '.proto', '.go', '.mod', '.sum', '.sol']);

rmSync(join(root, 'dist'), { recursive: true, force: true });
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
for (const folder of ['node', 'protocol', 'contracts']) {
  cpSync(join(root, folder), join(root, 'dist', folder), {
    recursive: true,
    filter: (path) =>
      statSync(path).isDirectory()
        ? !['testing', 'test'].includes(basename(path))
        : assets.has(extname(path)) && !path.endsWith('_test.go'),
  });
}
if (status === 0) await writeCompilation();
process.exitCode = status ?? 1;

// Compiled contracts come with the package: what they import does not.
async function writeCompilation() {
  const folder = new URL('../dist/contracts/', import.meta.url);
  const { compile } = await import(new URL('compile.js', folder).href);
  const { contractNames } = await import(new URL('compilation.js', folder).href);
  writeFileSync(new URL('compilation.json', folder), JSON.stringify(compile(contractNames)));
}
