import { Tensor } from 'onnxruntime-node';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { TesseraError } from '../../../protocol/errors.ts';
import { encodeElement } from '../constant.ts';
import type { Draft, DraftType } from '../draft.ts';
import { elementBytes, elementCount } from '../element.ts';
import type { ElementType, TensorType } from '../model.ts';
import { encodeModel } from '../onnx/encode.ts';
import { openPlainSession } from '../ort.ts';
import { knownType } from './known-type.ts';

const SEED = 1;

/**
 * The types that some tensors have when the model runs once, on seeded inputs: for shapes that depend on
 * values. They hold for inputs that lead to the same shapes, and for no others.
 * @throws TesseraError SHAPE_UNKNOWN when the model cannot be run
 */
export async function measureTypes(
  draft: Draft,
  tensors: readonly string[],
): Promise<Map<string, DraftType>> {
  try {
    const session = await openPlainSession(await encodeModel({ ...draft, outputs: tensors }));
    try {
      const results = await session.run(seededInputs(draft));
      return new Map(
        Object.entries(results).map(([name, { type, dims }]) => [
          name,
          { element: type as ElementType, shape: dims },
        ]),
      );
    } finally {
      await session.release();
    }
  } catch (cause) {
    throw new TesseraError('SHAPE_UNKNOWN', {
      message: `The shapes of ${tensors.length} tensors depend on values (${tensors.slice(0, 10).join(', ')}), and the model cannot be run to measure them: ${cause instanceof Error ? cause.message : String(cause)}`,
      remedy: 'Export the model with fixed shapes.',
      details: { tensors: tensors.slice(0, 100) },
      cause,
    });
  }
}

function seededInputs(draft: Draft): Record<string, Tensor> {
  const random = xoroshiro128plus(SEED);
  const next = () => random.next() / 2 ** 31;
  return Object.fromEntries(
    draft.inputs.map((name) => {
      const type = knownType(draft, name);
      if (type === undefined) throw new Error(`the type of input ${name} is not known`);
      return [name, seededTensor(type, next)];
    }),
  );
}

/** Values in [−1, 1) for floats; 0 and 1, which are valid as indices and as booleans, for whole numbers. */
function seededTensor({ element, shape }: TensorType, next: () => number): Tensor {
  const bytes = new Uint8Array(elementCount(shape) * elementBytes(element));
  const isFloat = element === 'float32' || element === 'float64';
  for (let at = 0; at < bytes.length; at += elementBytes(element)) {
    const value = next();
    bytes.set(encodeElement(element, isFloat ? value : value < 0 ? 0 : 1), at);
  }
  switch (element) {
    case 'float32':
      return new Tensor('float32', new Float32Array(bytes.buffer), shape);
    case 'float64':
      return new Tensor('float64', new Float64Array(bytes.buffer), shape);
    case 'int64':
      return new Tensor('int64', new BigInt64Array(bytes.buffer), shape);
    case 'int32':
      return new Tensor('int32', new Int32Array(bytes.buffer), shape);
    case 'uint8':
      return new Tensor('uint8', bytes, shape);
    case 'int8':
      return new Tensor('int8', new Int8Array(bytes.buffer), shape);
    case 'bool':
      return new Tensor('bool', bytes, shape);
    default:
      throw new Error(`inputs of type ${element} are not made up`);
  }
}
