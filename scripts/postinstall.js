// Runs after npm has installed the dependencies: builds a clone, then installs the parts that npm does not carry.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function run(script, ...args) {
  return (
    spawnSync(process.execPath, [join(root, script), ...args], { cwd: root, stdio: 'inherit' }).status ?? 1
  );
}

if (process.env.TESSERA_WITHOUT_EZKL === '1') {
  rmSync(join(root, 'node_modules', '@ezkljs'), { recursive: true, force: true });
}

const isClone = existsSync(join(root, 'tsconfig.build.json'));
const canBuild = existsSync(join(root, 'node_modules', 'typescript'));
const built = isClone && canBuild ? run('scripts/build.js') : 0;

if (built !== 0) {
  process.exitCode = built;
} else if (existsSync(join(root, 'dist')) && run('bin/tessera.js', 'setup') !== 0) {
  // A missing part must not undo the install: everything that does not need it works.
  console.error('The install goes on without the parts above; "tessera doctor" says what is missing.');
}
