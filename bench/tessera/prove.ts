import { join } from 'node:path';
import { packageRoot } from '../../node/package.ts';
import type { ProveReport } from '../../node/prove.ts';
import { type MeasuredProcess, measureProcess } from '../measured-process.ts';

const program = join(packageRoot, 'node', 'cli', 'index.ts');

export interface ProveRun extends Omit<MeasuredProcess, 'stdout'> {
  report: Pick<ProveReport, 'segments'>;
}

export interface ProveOptions {
  /** ONNX file. */
  model: string;
  /** JSON by tensor name. */
  input: string;
  /** Data directory. */
  home: string;
  /** Further flags of `tessera prove`. */
  flags: readonly string[];
  signal: AbortSignal;
}

/** From the ONNX file to a certificate, one segment after another, by the command line in a process tree of its own. */
export async function proveByTessera({ model, input, home, flags, signal }: ProveOptions): Promise<ProveRun> {
  const out = join(home, 'proof.cert');
  const { stdout, ...measured } = await measureProcess(
    process.execPath,
    [program, 'prove', model, '--input', input, '--out', out, '--parallel', '1', '--json', ...flags],
    { env: { ...process.env, TESSERA_HOME: home }, signal },
  );
  return { ...measured, report: JSON.parse(stdout) as ProveReport };
}
