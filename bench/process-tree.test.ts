import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { watchProcessTree } from './process-tree.ts';

const MiB = 2 ** 20;
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
  const watch = watchProcessTree(child.pid as number, 10);
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
    const watch = watchProcessTree(child.pid as number, 10);
    await heard(child);
    // The sampler has to meet both while they hold it.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await end(child);
    const { peakBytes, upperBound } = watch.stop();
    expect(peakBytes - 2 * alone.peakBytes).toBeGreaterThan(130 * MiB);
    expect(upperBound).toBeGreaterThanOrEqual(peakBytes);
  });

  it('does not lose a process whose parent has ended', async () => {
    const orphan = `
const { spawn } = require('node:child_process');
const child = spawn(process.execPath, ['-e', ${JSON.stringify(
      `setTimeout(() => { const held = Buffer.alloc(${150 * MiB}, 1); process.stdout.write('held\\n'); process.stdin.once('data', () => process.exit(held.includes(0) ? 1 : 0)); }, 300);`,
    )}], { stdio: ['inherit', 'inherit', 'inherit'] });
setTimeout(() => process.exit(0), 150);`;
    const child = await start(orphan);
    const watch = watchProcessTree(child.pid as number, 10);
    await heard(child);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(child.exitCode).toBe(0);
    child.stdin?.write('end\n');
    expect(watch.stop().peakBytes).toBeGreaterThan(150 * MiB);
  });
});
