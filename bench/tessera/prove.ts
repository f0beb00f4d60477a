import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProveReport } from '../../node/prove.ts';
import { repeat } from '../repeat.ts';
import { type CommandRun, runTessera } from './command.ts';
import { freshHome } from './home.ts';
import { type PlanChoice, planFlags } from './plan-choice.ts';

export interface ProveOptions {
  /** ONNX file. */
  model: string;
  /** JSON by tensor name. */
  input: string;
  choice: PlanChoice;
  /** The data directory that setup made. */
  installed: string;
  scratch: string;
  signal: AbortSignal;
}

export interface ProvenFromNothing {
  /** Several where one is short. */
  runs: readonly [CommandRun<ProveReport>, ...CommandRun<ProveReport>[]];
  /** The data directory of the last run, with its keys; the caller removes it. */
  home: string;
}

/** From the ONNX file to a certificate, one segment after another, starting with an empty cache each time. */
export async function proveFromNothing(options: ProveOptions): Promise<ProvenFromNothing> {
  const { model, input, choice, installed, scratch, signal } = options;
  let home = await freshHome(installed, scratch);
  const runs = await repeat(async () => {
    await rm(home, { recursive: true });
    home = await freshHome(installed, scratch);
    const out = join(home, 'proof.cert');
    const args = ['prove', model, '--input', input, '--out', out, '--parallel', '1', ...planFlags(choice)];
    return runTessera<ProveReport>(args, { home, signal });
  });
  return { runs, home };
}
