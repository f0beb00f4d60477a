import { Tensor } from 'onnxruntime-node';
import { elementCount } from '../element.ts';
import type { NamedTensors } from '../inference.ts';
import { type Blocks, blocksByTensor, joinElements, shapeOf } from './blocks.ts';

/**
 * The results of a tiled model as those of the model before: under its names, in its order.
 *
 * @param outputs the model's outputs before it was tiled
 */
export function joinOutputs(outputs: readonly string[], results: NamedTensors, blocks: Blocks): NamedTensors {
  const divided = blocksByTensor(blocks);
  return new Map(
    outputs.flatMap((name): [string, Tensor][] => {
      const parts = (divided.get(name) ?? []).flatMap((part) => {
        const tensor = results.get(part.name);
        return tensor === undefined ? [] : [{ box: part.box, tensor }];
      });
      const whole = parts.length === 0 ? results.get(name) : joinTensors(parts);
      return whole === undefined ? [] : [[name, whole]];
    }),
  );
}

function joinTensors(
  parts: readonly { box: Parameters<typeof shapeOf>[0][number]['box']; tensor: Tensor }[],
) {
  const [first] = parts;
  if (first === undefined) return undefined;
  const shape = shapeOf(parts);
  // All tensors of one name have one type; which one makes no difference to what is done here.
  const data = first.tensor.data as Float32Array;
  const whole = new (data.constructor as Float32ArrayConstructor)(elementCount(shape));
  const elements = parts.map(({ box, tensor }) => ({ box, elements: tensor.data as Float32Array }));
  return new Tensor(first.tensor.type as 'float32', joinElements(elements, shape, whole), shape);
}
