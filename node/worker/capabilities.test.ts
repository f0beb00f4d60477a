import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Capabilities,
  describeMachine,
  type Machine,
  measureCapabilities,
  speedOf,
  speedsOf,
} from './capabilities.ts';
import { detectGpus } from './gpus.ts';
import { knownCapabilities } from './known-capabilities.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-capabilities-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const machine: Machine = { processor: 'one', cores: 2, memory: 8e9, gpus: [] };

describe('this machine', () => {
  it('has cores, memory and a speed', async () => {
    const measured = await measureCapabilities(await describeMachine());
    expect(measured.cores).toBeGreaterThan(0);
    expect(measured.memory).toBeGreaterThan(2 ** 28);
    expect(measured.unitsPerSecond).toBeGreaterThan(1_000);
  });
});

describe('a speed in the cost model’s units', () => {
  it('is a million a second on a machine like the one that the model was fitted on, and follows its rate', () => {
    expect(speedOf(3_800_000, 2)).toBe(1_000_000);
    expect(speedOf(1_900_000, 2)).toBe(500_000);
  });

  it('grows with the cores, by less than their number', () => {
    expect(speedOf(3_800_000, 16)).toBeGreaterThan(3_000_000);
    expect(speedOf(3_800_000, 16)).toBeLessThan(8_000_000);
    expect(speedOf(3_800_000, 1)).toBeLessThan(1_000_000);
  });

  it('is shared by the segments that are proven at once', () => {
    expect(speedsOf({ unitsPerSecond: 900 }, ['ezkl', 'groth16'], 3)).toEqual([
      { name: 'ezkl', unitsPerSecond: 300 },
      { name: 'groth16', unitsPerSecond: 300 },
    ]);
  });
});

describe('what was measured', () => {
  const measured: Capabilities[] = [];
  beforeEach(() => measured.splice(0));
  const known = (described: Machine) =>
    knownCapabilities(join(directory, 'node', 'capabilities.json'), {
      describe: async () => described,
      measure: async (found) => {
        measured.push({ ...found, unitsPerSecond: 100 + measured.length });
        return measured.at(-1) as Capabilities;
      },
    });

  it('is kept', async () => {
    expect(await known(machine)).toEqual({ ...machine, unitsPerSecond: 100 });
    expect(await known(machine)).toEqual({ ...machine, unitsPerSecond: 100 });
    expect(measured).toHaveLength(1);
  });

  it.each<[string, Partial<Machine>]>([
    ['processor', { processor: 'another' }],
    ['number of cores', { cores: 4 }],
    ['memory', { memory: 16e9 }],
    ['GPU', { gpus: ['NVIDIA H200'] }],
  ])('is measured anew with another %s', async (_, change) => {
    await known(machine);
    expect(await known({ ...machine, ...change })).toEqual({ ...machine, ...change, unitsPerSecond: 101 });
    expect((await known({ ...machine, ...change })).unitsPerSecond).toBe(101);
  });

  it.each(['', '{', '{"type":"tessera/capabilities","version":2}'])(
    'is measured anew where the file holds %j',
    async (text) => {
      await known(machine);
      const path = join(directory, 'node', 'capabilities.json');
      await writeFile(path, text);
      expect((await known(machine)).unitsPerSecond).toBe(101);
      expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ unitsPerSecond: 101 });
    },
  );
});

describe('GPUs', () => {
  /** A program in the place of the driver's. */
  async function driver(script: string): Promise<string> {
    const path = join(directory, 'nvidia-smi');
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
    return path;
  }
  const none = () => join(directory, 'none');

  it('are none where there is no driver', async () => {
    expect(await detectGpus({ command: none(), directory: none() })).toEqual([]);
  });

  it('are named by the driver’s program', async () => {
    const command = await driver('echo "NVIDIA H200"; echo "NVIDIA A100-SXM4-80GB"');
    expect(await detectGpus({ command, directory: none() })).toEqual([
      'NVIDIA H200',
      'NVIDIA A100-SXM4-80GB',
    ]);
  });

  it('are read from the driver’s files where its program fails', async () => {
    const gpus = join(directory, 'gpus');
    await mkdir(join(gpus, '0000:01:00.0'), { recursive: true });
    await writeFile(join(gpus, '0000:01:00.0', 'information'), 'Model: \t\t NVIDIA T4\nIRQ: 32\n');
    expect(await detectGpus({ command: await driver('exit 9'), directory: gpus })).toEqual(['NVIDIA T4']);
  });

  it('are none where the driver hangs', async () => {
    const command = await driver('exec sleep 60');
    expect(await detectGpus({ command, directory: none() })).toEqual([]);
  });

  it('are no more, and no longer, than a bid holds', async () => {
    const command = await driver('for i in $(seq 40); do printf "%0500d\\n" 1; done');
    const found = await detectGpus({ command, directory: none() });
    expect(found).toHaveLength(16);
    expect(Math.max(...found.map((name) => Buffer.byteLength(name)))).toBeLessThanOrEqual(128);
  });
});
