import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readDigits } from '../node/demo/digits.ts';
import { packageRoot } from '../node/package.ts';
import { describeWithEzkl } from './support/ezkl-python.ts';
import { Proving } from './support/proving.ts';

let proving: Proving;
beforeAll(async () => {
  proving = await Proving.open();
});
afterAll(() => proving.close());

describeWithEzkl('LeNet', () => {
  it('is proven on a digit in five parts, with the class that it has in floats', async () => {
    const data = (name: string) => join(packageRoot, 'data', 'mnist', name);
    const { images, labels } = await readDigits(
      data('test-images-idx3-ubyte.gz'),
      data('test-labels-idx1-ubyte.gz'),
    );
    const input = await proving.writeInputs('digit.json', {
      image: Array.from(images[0] ?? [], (pixel) => pixel / 255),
    });
    const model = join(packageRoot, 'models', 'lenet.onnx');
    const { certificate, report } = await proving.certify({
      model,
      input,
      strategy: 'parts=5',
      out: proving.path('lenet.tessera'),
      limits: { parallel: 1, memory: 8e9 },
    });
    const [output] = report.outputs;
    const largest = (values: Float64Array = new Float64Array()) => values.indexOf(Math.max(...values));
    expect(largest(output?.proven)).toBe(largest(output?.float));
    expect(largest(output?.proven)).toBe(labels[0]);

    const checked = await proving.check(certificate);
    expect(checked.problems).toEqual([]);
    expect(checked).toMatchObject({ valid: true });
    expect(checked.segments).toHaveLength(5);
  });
});
