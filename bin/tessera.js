#!/usr/bin/env node
// Plain JavaScript that any Node from 18 on can read: it starts the program under a Node that is new enough.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = join(root, 'dist', 'node', 'cli', 'index.js');

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 13);
}

/** The Node that came with this package for this platform, or undefined where there is none. */
function packagedNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${platform}-${process.arch}/package.json`);
    const executable = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(executable) ? executable : undefined;
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

function fail(message) {
  process.stderr.write(`tessera: ${message}\n`);
  process.exitCode = 1;
}

function restart(executable) {
  const child = spawn(executable, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${executable} did not start: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? code : 128 + constants.signals[signal];
  });
}

if (!existsSync(program)) {
  fail(`the program has not been built; in ${root} run: npm install`);
} else if (isNewEnough(process.versions.node)) {
  // Young objects get no more room as they come: what passes through a node is freed at once, and else would add up
  // until the whole heap is collected. That is done when the heap has doubled: bytes that pass through count as its
  // growth, and by V8's own measure it would be several times a second.
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=100');
  await import(pathToFileURL(program).href);
} else {
  const executable = packagedNode();
  if (executable) restart(executable);
  else
    fail(
      `Node ${process.versions.node} is too old, and no newer one came with the package for ` +
        `${process.platform}-${process.arch}. Install Node 22.13 or newer, or run npm install without --omit=optional.`,
    );
}
