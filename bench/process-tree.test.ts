import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { watchProcessTree } from './process-tree.ts';

const MiB = 2 ** 20;
/** Milliseconds between samples. */
const interval = 10;
/** Resolves after a sample at least: timers end in their order, however late they are. */
const sampled = () => sleep(5 * interval);

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** A process that touches this much memory, says so, and waits for a line to end. */
const holder = (bytes: number) => `
const held = Buffer.alloc(${bytes}, 1);
process.stdout.write('held\\n');
process.stdin.once('data', () => process.exit(held.includes(0) ? 1 : 0));`;

async function start(code: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'inherit'] });
  started.push(child);
  return child;
}

const heard = (child: ChildProcess) => once(child.stdout as NodeJS.ReadableStream, 'data');

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.stdin?.write('end\n');
  await ended;
}

async function peakOf(code: string): Promise<ReturnType<ReturnType<typeof watchProcessTree>['stop']>> {
  const child = await start(code);
  const watch = watchProcessTree(child.pid as number, interval);
  await heard(child);
  await end(child);
  return watch.stop();
}

describe('watchProcessTree', () => {
  it('sees what a process holds, beyond what an empty one does', async () => {
    const empty = await peakOf(holder(0));
    const full = await peakOf(holder(200 * MiB));
    const difference = full.peakBytes - empty.peakBytes;
    expect(difference).toBeGreaterThan(180 * MiB);
    expect(difference).toBeLessThan(240 * MiB);
    expect(full.upperBound).toBeGreaterThanOrEqual(full.peakBytes);
  });

  it('adds up what a process and its descendants hold at one time', async () => {
    const inner = `
const { spawn } = require('node:child_process');
const held = Buffer.alloc(${60 * MiB}, 1);
const child = spawn(process.execPath, ['-e', ${JSON.stringify(holder(90 * MiB))}], { stdio: ['inherit', 'inherit', 'inherit'] });
child.on('exit', () => process.exit(held.includes(0) ? 1 : 0));`;
    const alone = await peakOf(holder(0));
    const child = await start(inner);
    const watch = watchProcessTree(child.pid as number, interval);
    await heard(child);
    // While both hold it.
    await sampled();
    await end(child);
    const { peakBytes, upperBound } = watch.stop();
    expect(peakBytes - 2 * alone.peakBytes).toBeGreaterThan(130 * MiB);
    expect(upperBound).toBeGreaterThanOrEqual(peakBytes);
  });

  it('does not lose a process whose parent has ended', async () => {
    const inner = `
process.once('SIGUSR2', () => {
  globalThis.held = Buffer.alloc(${150 * MiB}, 1);
  process.stdout.write('held\\n');
});
setInterval(() => {}, 1e6);
process.stdout.write(process.pid + '\\n');`;
    const child = await start(`
const { spawn } = require('node:child_process');
spawn(process.execPath, ['-e', ${JSON.stringify(inner)}], { stdio: ['ignore', 'inherit', 'inherit'] });
setInterval(() => {}, 1e6);`);
    const watch = watchProcessTree(child.pid as number, interval);
    const [pid] = (await heard(child)).map(Number) as [number];
    try {
      await sampled();
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      process.kill(pid, 'SIGUSR2');
      await heard(child);
      await sampled();
    } finally {
      process.kill(pid, 'SIGKILL');
    }
    expect(watch.stop().peakBytes).toBeGreaterThan(150 * MiB);
  });
});
