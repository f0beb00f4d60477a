import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDigits } from '../node/demo/digits.ts';
import { packageRoot } from '../node/package.ts';

/** Digits of the package's 1,000 that fidelity is judged on, and others that circuits are calibrated on. */
const judged = { first: 950, count: 50 } as const;
const calibrated = { first: 0, count: 100 } as const;

/** Pixels of the digits that fidelity is judged on: 28 × 28, row-major, in [0, 1], as the models take them. */
export const testDigits = () => digits(judged);

/** Pixels of other digits. */
export const calibrationDigits = () => digits(calibrated);

async function digits({ first, count }: { first: number; count: number }): Promise<Float32Array[]> {
  const folder = join(packageRoot, 'data', 'mnist');
  const { images } = await readDigits(
    join(folder, 'test-images-idx3-ubyte.gz'),
    join(folder, 'test-labels-idx1-ubyte.gz'),
  );
  return images.slice(first, first + count).map((image) => Float32Array.from(image, (pixel) => pixel / 255));
}

/** The same digit as the input files of this program and of ezkl, and other digits for this program's calibration. */
export async function writeInputs(
  directory: string,
  tensor: string,
  values: Float32Array,
): Promise<{ tessera: string; calibration: string; ezkl: string }> {
  const paths = {
    tessera: join(directory, 'input.json'),
    calibration: join(directory, 'calibration.json'),
    ezkl: join(directory, 'ezkl-input.json'),
  };
  const others = (await calibrationDigits()).flatMap((digit) => Array.from(digit));
  await writeFile(paths.tessera, JSON.stringify({ [tensor]: Array.from(values) }));
  await writeFile(paths.calibration, JSON.stringify({ [tensor]: others }));
  await writeFile(paths.ezkl, JSON.stringify({ input_data: [Array.from(values)] }));
  return paths;
}
