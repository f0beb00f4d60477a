import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDigits } from '../node/demo/digits.ts';
import { packageRoot } from '../node/package.ts';

/** Test digits that fidelity is judged on; the program calibrates on none of them. */
const judged = { first: 950, count: 50 } as const;

/** Pixels of the digits that the models take: 28 × 28, row-major, in [0, 1]. */
export async function testDigits(): Promise<Float32Array[]> {
  const folder = join(packageRoot, 'data', 'mnist');
  const { images } = await readDigits(
    join(folder, 'test-images-idx3-ubyte.gz'),
    join(folder, 'test-labels-idx1-ubyte.gz'),
  );
  return images
    .slice(judged.first, judged.first + judged.count)
    .map((image) => Float32Array.from(image, (pixel) => pixel / 255));
}

/** The same values as the input files of this program and of ezkl. */
export async function writeInputs(
  directory: string,
  tensor: string,
  values: Float32Array,
): Promise<{ tessera: string; ezkl: string }> {
  const paths = { tessera: join(directory, 'input.json'), ezkl: join(directory, 'ezkl-input.json') };
  await writeFile(paths.tessera, JSON.stringify({ [tensor]: Array.from(values) }));
  await writeFile(paths.ezkl, JSON.stringify({ input_data: [Array.from(values)] }));
  return paths;
}
