import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { isRunning } from '../../../tests/support/process-state.ts';
import { encodeFrame, FrameDecoder, maxFrameBytes } from './frame.ts';
import { ProcessPool } from './process-pool.ts';
import { ProverProcess } from './prover-process.ts';

const worker = fileURLToPath(new URL('./testing-worker.ts', import.meta.url));
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((process) => process.close()));
});

function init(...args: string[]) {
  return { name: 'testing', command: process.execPath, args: [worker, ...args], version: '1', env: {} };
}

function start(...args: string[]): ProverProcess {
  const started = new ProverProcess(init(...args));
  opened.push(started);
  return started;
}

const pidOf = async (prover: ProverProcess) => (await prover.request('pid', {})).value as number;

describe('ProverProcess', () => {
  it('keeps one process warm over requests and reports what they used', async () => {
    const prover = start();
    const answer = await prover.request('echo', { text: 'ä', list: [1, 2] });
    expect(answer.value).toEqual({ text: 'ä', list: [1, 2] });
    expect(answer.seconds).toBeGreaterThan(0);
    expect(answer.peakBytes).toBeGreaterThan(10e6);
    expect(await pidOf(prover)).toBe(await pidOf(prover));
  });

  it('counts the peak of each request anew', async () => {
    const prover = start();
    const large = await prover.request('allocate', { bytes: 200e6 });
    expect(large.peakBytes).toBeGreaterThan(200e6);
    const small = await start().request('echo', {});
    expect(small.peakBytes).toBeLessThan(200e6);
  });

  it('is another process after a request that left more memory than it may keep', async () => {
    const prover = new ProverProcess({ ...init(), keptMemory: 200e6 });
    opened.push(prover);
    const first = await pidOf(prover);
    expect(await pidOf(prover)).toBe(first);
    expect((await prover.request('allocate', { bytes: 300e6 })).value).toBe(null);
    expect(isRunning(first)).toBe(false);
    expect(await pidOf(prover)).not.toBe(first);
  });

  it('answers requests in turn, and passes steps on', async () => {
    const prover = start();
    const steps: string[] = [];
    const answers = await Promise.all([
      prover.request('echo', { n: 1 }),
      prover.request('steps', {}, { onStep: (step) => steps.push(step) }),
      prover.request('echo', { n: 2 }),
    ]);
    expect(answers.map(({ value }) => value)).toEqual([{ n: 1 }, null, { n: 2 }]);
    expect(steps).toEqual(['one', 'two']);
  });

  it('reports a failed operation and goes on in the same process', async () => {
    const prover = start();
    const pid = await pidOf(prover);
    await expect(prover.request('fail', {})).rejects.toMatchObject({ code: 'PROVER_FAILED' });
    await expect(prover.request('full', {})).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(await pidOf(prover)).toBe(pid);
  });

  it('reports a crash with its exit code and last words, and starts again', async () => {
    const prover = start();
    const pid = await pidOf(prover);
    const error = await prover.request('crash', {}).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'PROVER_CRASHED', details: { code: 7 } });
    const { details } = error as { details: { stderr: string[] } };
    expect(details.stderr).toHaveLength(20);
    expect(details.stderr.at(-1)).toBe('last words 49');
    expect(await pidOf(prover)).not.toBe(pid);
    await expect(prover.request('kill', {})).rejects.toMatchObject({
      code: 'PROVER_CRASHED',
      details: { signal: 'SIGSEGV' },
    });
  });

  it('kills a process that passes the memory limit, naming limit and use', async () => {
    const prover = start();
    const pid = await pidOf(prover);
    const limit = 150e6;
    const error = await prover
      .request('allocateAndHang', { bytes: 300e6 }, { memoryLimit: limit })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'MEMORY_EXCEEDED',
      message: expect.stringMatching(/used [\d.]+ MiB of memory; the limit is 143.05 MiB$/),
      remedy: expect.stringMatching(/--memory \d+MiB/),
      details: { limit },
    });
    expect((error as { details: { used: number } }).details.used).toBeGreaterThan(limit);
    expect(isRunning(pid)).toBe(false);
    expect((await prover.request('echo', {}, { memoryLimit: limit })).value).toEqual({});
  });

  it('gives a request up at its deadline', async () => {
    const prover = start();
    const pid = await pidOf(prover);
    await expect(prover.request('hang', {}, { timeout: 50 })).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      details: { timeout: 50 },
    });
    expect(isRunning(pid)).toBe(false);
    expect((await prover.request('echo', {})).value).toEqual({});
  });

  it('stops a running request and one that waits, when cancelled', async () => {
    const prover = start();
    const pid = await pidOf(prover);
    const running = new AbortController();
    const waiting = new AbortController();
    const first = prover.request('hang', {}, { signal: running.signal });
    const second = prover.request('hang', {}, { signal: waiting.signal });
    const third = prover.request('echo', {});
    waiting.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    expect(isRunning(pid)).toBe(true);
    running.abort();
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
    expect((await third).value).toEqual({});
    await expect(prover.request('echo', {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });

  it.each(['babble', 'wrongForm', 'wrongId'])(
    'ends a worker that breaks the protocol (%s)',
    async (operation) => {
      const prover = start();
      const pid = await pidOf(prover);
      await expect(prover.request(operation, {})).rejects.toMatchObject({ code: 'PROVER_FAILED' });
      expect(isRunning(pid)).toBe(false);
      expect((await prover.request('echo', {})).value).toEqual({});
    },
  );

  it('refuses a worker of another protocol or version, and a command that is not there', async () => {
    const missing = { code: 'PROVER_MISSING' };
    await expect(start('2').request('echo', {})).rejects.toMatchObject(missing);
    await expect(start('1', '2').request('echo', {})).rejects.toMatchObject(missing);
    const absent = new ProverProcess({ ...init(), command: '/nonexistent/python' });
    await expect(absent.request('echo', {})).rejects.toMatchObject(missing);
  });

  it('ends its process when closed, and refuses further requests', async () => {
    const prover = start();
    const pid = await pidOf(prover);
    const hanging = prover.request('hang', {});
    const ended = expect(hanging).rejects.toMatchObject({ code: 'ABORTED' });
    await sleep(20);
    await prover.close();
    await ended;
    expect(isRunning(pid)).toBe(false);
    await expect(prover.request('echo', {})).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('leaves no process behind when the node exits without closing it', async () => {
    const source = new URL('./prover-process.ts', import.meta.url).href;
    const script = `
      import { ProverProcess } from ${JSON.stringify(source)};
      const prover = new ProverProcess(${JSON.stringify(init())});
      console.log((await prover.request('pid', {})).value);
      process.exit(0);`;
    const node = spawn(process.execPath, ['--input-type=module', '-e', script]);
    let output = '';
    node.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    const [code] = await once(node, 'close');
    expect(code).toBe(0);
    expect(Number(output)).toBeGreaterThan(0);
    await expect.poll(() => isRunning(Number(output))).toBe(false);
  });
});

describe('ProcessPool', () => {
  it('runs as many requests at once as it has processes', async () => {
    const pool = new ProcessPool(init(), 2);
    opened.push(pool);
    const hanging = new AbortController();
    const first = pool.request('hang', {}, { signal: hanging.signal });
    expect((await pool.request('echo', { n: 1 })).value).toEqual({ n: 1 });
    expect((await pool.request('echo', { n: 2 })).value).toEqual({ n: 2 });
    hanging.abort();
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('keeps nobody waiting for a process who is cancelled, and gives the place on', async () => {
    const pool = new ProcessPool(init(), 1);
    opened.push(pool);
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = pool.request('hang', {}, { signal: running.signal });
    const second = pool.request('pid', {}, { signal: waiting.signal });
    const third = pool.request('echo', { n: 3 });
    waiting.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    running.abort();
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
    expect((await third).value).toEqual({ n: 3 });
  });
});

describe('FrameDecoder', () => {
  it('puts messages together whatever way the bytes are cut', () => {
    const messages = [{ a: 1 }, { text: 'x'.repeat(1000) }, {}];
    const bytes = Buffer.concat(messages.map(encodeFrame));
    for (const size of [1, 3, 7, 500, bytes.length]) {
      const decoder = new FrameDecoder();
      const found: unknown[] = [];
      for (let at = 0; at < bytes.length; at += size)
        found.push(...decoder.push(bytes.subarray(at, at + size)));
      expect(found).toEqual(messages);
    }
  });

  it('refuses a frame over the limit before its bytes come', () => {
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(maxFrameBytes + 1);
    expect(() => new FrameDecoder().push(prefix)).toThrow(/limit/);
  });
});
