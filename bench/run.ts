import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../node/package.ts';
import { environmentPython, type PartsInit } from '../node/setup/index.ts';
import { digitTensor } from './against-ezkl.ts';
import { type EzklBaseline, measureEzkl } from './baseline/ezkl-baseline.ts';
import type { BenchContext, Benchmark, Measurement } from './benchmark.ts';
import { testDigits, writeInputs } from './digits.ts';
import { describeCommit, describeMachine, describeVersions } from './machine.ts';
import type { BenchmarkResult } from './results.ts';
import { unmeasured } from './row.ts';

export interface RunInit {
  /** What setup made. */
  installation: PartsInit;
  signal: AbortSignal;
  say(message: string): void;
  /** Called when a benchmark is finished, before the next starts. */
  onResult(result: BenchmarkResult): Promise<void>;
}

/** Runs benchmarks one after another. One that fails has its marks missed, and the others still run. */
export async function runBenchmarks(benchmarks: readonly Benchmark[], init: RunInit): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'tessera-bench-'));
  const context = createContext(scratch, init);
  const versions = describeVersions();
  const commit = await describeCommit();
  try {
    for (const benchmark of benchmarks) {
      init.say(benchmark.name);
      const record = { date: new Date().toISOString(), commit, machine: describeMachine(), versions };
      const { error, rows, detail } = await attempt(benchmark, context);
      init.signal.throwIfAborted();
      await init.onResult({
        benchmark: benchmark.name,
        rows,
        record: {
          ...record,
          ...(detail === undefined ? {} : { detail }),
          ...(error === undefined ? {} : { error }),
        },
      });
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function attempt(
  benchmark: Benchmark,
  context: BenchContext,
): Promise<Measurement & { error?: string }> {
  try {
    return await benchmark.run(context);
  } catch (error) {
    return { rows: unmeasured(benchmark.marks), error: error instanceof Error ? error.message : `${error}` };
  }
}

function createContext(scratch: string, { installation, signal, say }: RunInit): BenchContext {
  const baselines = new Map<string, Promise<EzklBaseline>>();
  const measure = async (model: string): Promise<EzklBaseline> => {
    say(`${model} by whole-model ezkl`);
    const [digit] = await testDigits();
    const { ezkl: input } = await writeInputs(scratch, digitTensor, digit as Float32Array);
    return measureEzkl({
      python: environmentPython(installation.directory.python),
      model: join(packageRoot, 'models', `${model}.onnx`),
      input,
      scratch,
      signal,
    });
  };
  return {
    installation,
    scratch,
    signal,
    say,
    baseline(model) {
      const known = baselines.get(model) ?? measure(model);
      baselines.set(model, known);
      return known;
    },
  };
}
