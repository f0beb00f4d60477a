import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProveReport } from '../../node/prove.ts';
import type { PartsInit } from '../../node/setup/index.ts';
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
  /** Sample inputs for the scales of Tessera's own circuits, one after another; the input itself unless given. */
  calibration?: string;
  /** What setup made. */
  installation: PartsInit;
  scratch: string;
  signal: AbortSignal;
}

export interface ProvenFromNothing {
  /** Several where one is short. */
  runs: readonly [CommandRun<ProveReport>, ...CommandRun<ProveReport>[]];
  /** What the last run left: its data directory with the keys, which the caller removes, and its certificate. */
  installation: PartsInit;
  certificate: string;
}

/** From the ONNX file to a certificate, one segment after another, starting with an empty cache each time. */
export async function proveFromNothing(options: ProveOptions): Promise<ProvenFromNothing> {
  const { model, input, choice, calibration, scratch, signal } = options;
  const certificate = join(scratch, 'proof.cert');
  let installation = await freshHome(options.installation, scratch);
  const runs = await repeat(async () => {
    await rm(installation.directory.root, { recursive: true });
    installation = await freshHome(options.installation, scratch);
    const args = ['prove', model, '--input', input, '--out', certificate, '--parallel', '1'];
    const samples = calibration === undefined ? [] : ['--calibrate', calibration];
    return runTessera<ProveReport>([...args, ...planFlags(choice), ...samples], {
      home: installation.directory.root,
      signal,
    });
  });
  return { runs, installation, certificate };
}
