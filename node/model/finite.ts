import { TesseraError } from '../../protocol/errors.ts';
import type { NamedTensors } from './inference.ts';

/**
 * Refuses NaN and infinities, which no circuit computes with, before anything is made for them.
 *
 * @throws TesseraError `INPUT_INVALID` naming the tensor and the element
 */
export function requireFinite(inputs: NamedTensors): void {
  for (const [name, { data }] of inputs) {
    if (!(data instanceof Float32Array || data instanceof Float64Array)) continue;
    const element = data.findIndex((value) => !Number.isFinite(value));
    if (element < 0) continue;
    throw new TesseraError('INPUT_INVALID', {
      message: `Input ${name} is ${data[element]} at element ${element}`,
      remedy: 'Give finite numbers: circuits compute with integers.',
      details: { tensor: name, element },
    });
  }
}
