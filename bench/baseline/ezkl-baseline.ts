import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureProcess } from '../measured-process.ts';
import { repeat, summarise } from '../repeat.ts';

const program = fileURLToPath(new URL('./ezkl.py', import.meta.url));

const steps = ['settings', 'calibrate', 'compile', 'srs', 'setup', 'witness', 'prove', 'verify'] as const;
type Step = (typeof steps)[number];

/** Steps that are counted: all of proving. Making an SRS is not, as one would download it; nor is verifying. */
const counted: readonly Step[] = ['settings', 'calibrate', 'compile', 'setup', 'witness', 'prove'];

/** What whole-model ezkl took, with its defaults. */
export interface EzklBaseline {
  /** From the ONNX file to the proof, {@link counted} steps only. */
  seconds: number;
  peakBytes: number;
  /** Of the first run. */
  steps: Readonly<Record<Step, number>>;
  k: number;
  scale: number;
  rows: number;
  keyBytes: number;
  proofBytes: number;
}

export interface BaselineOptions {
  /** The Python of an environment that has ezkl. */
  python: string;
  /** ONNX file. */
  model: string;
  /** ezkl's input file, `{"input_data": [[…]]}`; also what it calibrates on. */
  input: string;
  /** Gets the keys while they are needed. */
  scratch: string;
  signal: AbortSignal;
}

/** Settings, calibration, compiling, setup, witness and proof of a whole model by ezkl, in a process tree of its own. */
export async function measureEzkl({
  python,
  model,
  input,
  scratch,
  signal,
}: BaselineOptions): Promise<EzklBaseline> {
  const runs = await repeat(async () => {
    const directory = await mkdtemp(join(scratch, 'ezkl-'));
    try {
      const { stdout, peakBytes } = await measureProcess(
        python,
        ['-I', '-B', program, model, input, directory],
        { cwd: directory, env: { HOME: directory }, signal },
      );
      const { seconds: own, ...facts } = JSON.parse(stdout) as Omit<EzklBaseline, 'steps' | 'peakBytes'> & {
        seconds: Record<Step, number>;
      };
      const seconds = counted.reduce((sum, step) => sum + own[step], 0);
      return { ...facts, steps: own, seconds, peakBytes };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
  return { ...runs[0], ...summarise(runs) };
}
