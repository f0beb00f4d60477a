import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificate } from '../../protocol/certificate.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { Report } from '../../protocol/report.ts';
import { importModel } from '../model/import/index.ts';
import { packageRoot } from '../package.ts';
import { ezklByDefault } from '../plan/cost-model/ezkl-by-default.ts';
import type { Target } from '../plan/plan.ts';
import type { RunOptions } from '../progress.ts';
import { type ProveModules, type ProveReport, prove } from '../prove.ts';
import type { ProverLimits } from '../requester/prover-call.ts';
import { verify } from '../verify.ts';
import { drawDigit, readDigits } from './digits.ts';
import { type Refusal, refuseForgeries } from './forgeries.ts';

export interface DemoOptions extends RunOptions {
  /** Which of the 1,000 test digits, 0..999. */
  digit: number;
  limits: ProverLimits;
  /** Directory for the input, the certificate and its forgeries. */
  directory: string;
  /** Where its proofs are to be checked; offline unless given. */
  target?: Target;
}

export interface DemoReport {
  /** The image, drawn in text. */
  drawing: string;
  /** What the image shows according to the data set. */
  label: number;
  /** The class whose proven output is largest. */
  answer: number;
  proven: ProveReport;
  verified: Report;
  certificate: Certificate;
  refusals: readonly Refusal[];
  /** What ezkl alone is expected to take by its defaults for the whole model in one circuit, keys included. */
  ezkl: { seconds: number; bytes: number };
}

const model = join(packageRoot, 'models', 'cnn-small.onnx');
const data = join(packageRoot, 'data', 'mnist');
/** In three slices, so that there are links to see; the plan chooses each one's prover. */
const strategy = 'parts=3';
/** Digits that set the scales of the circuits: enough for the ranges of the others. */
const calibrationDigits = 100;

/**
 * Proves a handwritten digit in three slices, verifies the certificate, and shows that changed copies are refused.
 *
 * @param modules who proves, too: this machine, or others where they say `proveElsewhere`
 */
export async function demo(options: DemoOptions, modules: ProveModules): Promise<DemoReport> {
  const { directory, limits, digit, target = 'offline', ...running } = options;
  await mkdir(directory, { recursive: true });
  const digits = await readDigits(
    join(data, 'test-images-idx3-ubyte.gz'),
    join(data, 'test-labels-idx1-ubyte.gz'),
  );
  const image = digits.images[digit];
  const label = digits.labels[digit];
  if (image === undefined || label === undefined) {
    throw new TesseraError('USAGE', {
      message: `There is no test digit ${digit}`,
      remedy: `Choose one from 0 to ${digits.images.length - 1}.`,
    });
  }
  const input = join(directory, 'digit.json');
  await writeFile(input, JSON.stringify({ image: intensities(image) }));
  // The same for every digit, and so are the keys.
  const calibration = join(directory, 'samples.json');
  const samples = digits.images.slice(0, calibrationDigits).flatMap(intensities);
  await writeFile(calibration, JSON.stringify({ image: samples }));

  const out = join(directory, 'digit.cert');
  const proven = await prove(
    { ...running, model, input, calibration, strategy, target, limits, out },
    modules,
  );
  const check = (certificate: string) =>
    verify({ ...running, certificate, allowDevelopment: true }, { verifiers: modules.verifiers });
  const { report, certificate } = await check(out);

  return {
    drawing: drawDigit(image, digits.columns),
    label,
    answer: largest(proven.outputs[0]?.proven ?? new Float64Array()),
    proven,
    verified: report,
    certificate,
    refusals: await refuseForgeries(out, directory, check),
    ezkl: await ezklAlone(),
  };
}

/** What the cost model expects of ezkl, left to its defaults. */
async function ezklAlone(): Promise<DemoReport['ezkl']> {
  const { setupSeconds, proveSeconds, setupBytes, proveBytes } = ezklByDefault(
    (await importModel(model, {})).model,
  );
  return { seconds: setupSeconds + proveSeconds, bytes: Math.max(setupBytes, proveBytes) };
}

const intensities = (image: Uint8Array) => Array.from(image, (pixel) => pixel / 255);

function largest(values: Float64Array): number {
  return values.reduce(
    (best, value, index) => (value > (values[best] ?? Number.NEGATIVE_INFINITY) ? index : best),
    0,
  );
}
