import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TesseraError } from '../../../protocol/errors.ts';
import type { Draft } from '../draft.ts';
import type { ModelNode } from '../model.ts';
import type { ByteSource } from '../onnx/byte-source.ts';
import { decodeModel } from '../onnx/decode.ts';
import { encodeModel } from '../onnx/encode.ts';
import { modelType } from '../onnx/schema.ts';
import { readSkeleton } from '../onnx/skeleton.ts';
import { delimited } from '../onnx/wire.ts';
import { draftOf } from '../test-models/small-models.ts';
import { importModel } from './import-model.ts';
import { normalise } from './normalise.ts';

const real = readFileSync(fileURLToPath(new URL('../../../models/cnn-small.onnx', import.meta.url)));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-import-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function node(name: string, operator: string, inputs: string[], outputs: string[]): ModelNode {
  return { name, operator, domain: '', inputs, outputs, attributes: new Map() };
}

function memorySource(name: string, bytes: Uint8Array): ByteSource {
  return { name, size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}

const relu = node('relu', 'Relu', ['x'], ['y']);

describe('a damaged file', () => {
  const decode = (bytes: Uint8Array) => {
    try {
      decodeModel(readSkeleton(memorySource('a.onnx', bytes)), { model: 'a.onnx', external: new Map() });
    } catch (error) {
      if (!(error instanceof TesseraError)) throw error;
    }
  };

  it('that is cut off gives nothing but errors of ours', () => {
    fc.assert(fc.property(fc.nat(real.length - 1), (length) => decode(real.subarray(0, length))));
  });

  it('with changed bytes gives nothing but errors of ours', () => {
    const change = fc.tuple(fc.nat(real.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const bytes = Uint8Array.from(real);
        for (const [at, value] of changes) bytes[at] = value;
        decode(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it('of random bytes gives nothing but errors of ours', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decode));
  });

  it.each([
    ['is cut off', real.subarray(0, real.length - 1)],
    ['is empty', new Uint8Array(0)],
    ['is no protobuf', new TextEncoder().encode('<html>not found</html>')],
    ['gives its graph twice', Buffer.concat([real, delimited(7, 0)])],
  ])('that %s is unreadable', async (_, bytes) => {
    const path = join(folder, 'damaged.onnx');
    writeFileSync(path, bytes);
    await expect(importModel(path)).rejects.toMatchObject({
      code: 'MODEL_UNREADABLE',
      message: expect.stringContaining(path),
      remedy: expect.any(String),
    });
  });

  it('of messages nested without end is unreadable', () => {
    let bytes = new Uint8Array(0);
    // Graph, node, attribute, graph, …: fields 7, then 1, 5, 6 in turn, from the inside out.
    for (let i = 0; i < 60; i += 1) {
      for (const number of [6, 5, 1]) bytes = Buffer.concat([delimited(number, bytes.length), bytes]);
    }
    bytes = Buffer.concat([delimited(7, bytes.length), bytes]);
    expect(() => readSkeleton(memorySource('deep.onnx', bytes))).toThrow(/nested/);
  });

  it('that is missing is unreadable', async () => {
    await expect(importModel(join(folder, 'none.onnx'))).rejects.toMatchObject({ code: 'MODEL_UNREADABLE' });
  });
});

describe('an invalid graph', () => {
  const huge = { element: 'float32' as const, shape: [2 ** 21, 2 ** 21] };
  const negative = { element: 'float32' as const, shape: [-1, 3] };
  const cases: [string, Draft, RegExp][] = [
    [
      'with a cycle',
      draftOf([
        node('a', 'Add', ['x', 'v'], ['u']),
        node('b', 'Relu', ['u'], ['v']),
        node('c', 'Relu', ['v'], ['y']),
      ]),
      /cycle.*a, b/,
    ],
    [
      'with a tensor defined twice',
      draftOf([relu, node('again', 'Relu', ['x'], ['y'])]),
      /"y" is defined twice/,
    ],
    [
      'with an output over an input',
      draftOf([relu, node('over', 'Relu', ['y'], ['x'])]),
      /"x" is defined twice/,
    ],
    [
      'with a missing tensor',
      draftOf([node('add', 'Add', ['x', 'gone'], ['y'])]),
      /"gone", which nothing defines/,
    ],
    ['with a missing output', draftOf([relu], { outputs: ['z'] }), /output "z"/],
    ['with an output twice', draftOf([relu], { outputs: ['y', 'y'] }), /output twice/],
    ['without outputs', draftOf([relu], { outputs: [] }), /no outputs/],
    [
      'with a shape beyond 2^40 elements',
      draftOf([relu], { types: new Map([['x', huge]]) }),
      /impossible shape/,
    ],
    ['with a negative dimension', draftOf([relu], { types: new Map([['x', negative]]) }), /impossible shape/],
    [
      'with an unknown operator of unknown type',
      draftOf([node('foo', 'Foo', ['x'], ['y'])]),
      /Foo.*does not know/,
    ],
  ];
  it.each(cases)('%s is refused with its reason', async (_, broken, message) => {
    await expect(normalise(broken)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(message),
      remedy: expect.any(String),
    });
  });

  it('with an unknown operator of a stated type is imported', async () => {
    const stated = { element: 'float32' as const, shape: [2, 5] };
    const unknown = node('foo', 'Foo', ['x'], ['t']);
    const types = new Map([...draftOf([]).types, ['t', stated] as const]);
    const model = await normalise(draftOf([unknown, node('relu', 'Relu', ['t'], ['y'])], { types }));
    expect(model.types.get('y')).toEqual(stated);
  });
});

describe('open dimensions', () => {
  const open = draftOf([relu], { types: new Map([['x', { element: 'float32', shape: ['batch', 3] }]]) });

  it('are named', async () => {
    await expect(normalise(open)).rejects.toMatchObject({
      code: 'SHAPE_UNKNOWN',
      message: expect.stringContaining('"x" [batch,3]'),
    });
  });

  it('are fixed by a shape', async () => {
    const model = await normalise(open, { shapes: { x: [4, 3] } });
    expect(model.types.get('y')).toEqual({ element: 'float32', shape: [4, 3] });
  });

  it.each([[[4, 5]], [[4]], [[0, 3]], [[1.5, 3]]])('do not take the shape %j', async (shape) => {
    await expect(normalise(open, { shapes: { x: shape } })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('follow the tensor at hand where no shape is given', async () => {
    const shapeAtHand = () => [2, 3];
    const shapeOf = async (options: object) => (await normalise(open, options)).types.get('y')?.shape;
    expect(await shapeOf({ shapeAtHand })).toEqual([2, 3]);
    expect(await shapeOf({ shapeAtHand, shapes: { x: [4, 3] } })).toEqual([4, 3]);
    await expect(normalise(open, { shapeAtHand: () => [2, 5] })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
  });

  it('of an unknown input are refused', async () => {
    await expect(normalise(open, { shapes: { z: [1] } })).rejects.toMatchObject({ code: 'TENSOR_UNKNOWN' });
  });
});

describe('external data', () => {
  /** Writes a model whose one weight of six floats says to lie at `location`. */
  async function writeExternal(location: string, entries: Record<string, string> = {}): Promise<string> {
    const message = modelType.toObject(
      modelType.decode(await encodeModel(draftOf([node('add', 'Add', ['x', 'w'], ['y'])]))),
    );
    const externalData = Object.entries({ location, ...entries }).map(([key, value]) => ({ key, value }));
    message.graph.initializer = [{ name: 'w', dims: [2, 3], dataType: 1, dataLocation: 1, externalData }];
    const path = join(folder, 'external.onnx');
    writeFileSync(path, modelType.encode(modelType.fromObject(message)).finish());
    return path;
  }

  it('is read from its range', async () => {
    writeFileSync(join(folder, 'weights.bin'), new Uint8Array(40));
    const path = await writeExternal('weights.bin', { offset: '16', length: '24' });
    const { model } = await importModel(path);
    expect(model.constants.get('w')?.source).toMatchObject({ kind: 'file', offset: 16, length: 24 });
  });

  it('is part of the digest', async () => {
    writeFileSync(join(folder, 'weights.bin'), new Uint8Array(24));
    const path = await writeExternal('weights.bin');
    const digest = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
    const expected = digest(digest(readFileSync(path)), digest(new Uint8Array(24))).toString('hex');
    expect((await importModel(path)).sha256).toBe(expected);
    writeFileSync(join(folder, 'weights.bin'), new Uint8Array(24).fill(1));
    expect((await importModel(path)).sha256).not.toBe(expected);
  });

  it('beyond its file is refused', async () => {
    writeFileSync(join(folder, 'weights.bin'), new Uint8Array(40));
    const path = await writeExternal('weights.bin', { offset: '17' });
    await expect(importModel(path)).rejects.toThrow(/wants 24 bytes from byte 17/);
  });

  it.each(['/etc/hostname', '../weights.bin', 'a/../../weights.bin'])(
    'at %s is refused',
    async (location) => {
      await expect(importModel(await writeExternal(location))).rejects.toThrow(/outside the model's folder/);
    },
  );

  it('behind a link that leaves the folder is refused', async () => {
    symlinkSync('/etc/hostname', join(folder, 'link.bin'));
    await expect(importModel(await writeExternal('link.bin'))).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
  });
});
