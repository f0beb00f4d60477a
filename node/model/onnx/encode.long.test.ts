import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { draftOf, nodeOf } from '../test-models/small-models.ts';
import { writeModel } from './encode.ts';
import { readModel } from './read.ts';

it('writes a model beyond 2 GiB with its weights in a second file, and reads it back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-large-'));
  try {
    const shape = [2 ** 29 + 1];
    const large = draftOf([nodeOf('Add', ['x', 'w'], 'y')], {
      constants: new Map([
        ['w', { type: { element: 'float32', shape }, source: { kind: 'fill', value: 1 } }],
      ]),
      types: new Map([['x', { element: 'float32', shape: [1] }]]),
    });
    const path = join(folder, 'large.onnx');
    await writeModel(large, path);
    expect(statSync(`${path}.data`).size).toBe(4 * (2 ** 29 + 1));
    const { draft, files } = readModel(path);
    expect(files).toHaveLength(2);
    expect(draft.constants.get('w')).toMatchObject({
      type: { element: 'float32', shape },
      source: { kind: 'file', offset: 0, length: 4 * (2 ** 29 + 1) },
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
