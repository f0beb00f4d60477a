import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { TesseraError } from '../../protocol/errors.ts';
import { throwIfAborted } from '../abort.ts';
import type { Model } from './model.ts';
import { encodeModel } from './onnx/index.ts';
import { openPlainSession } from './ort.ts';

/** Values by tensor name. */
export type NamedTensors = ReadonlyMap<string, Tensor>;

/**
 * Runs an imported model, or a part of one, in ONNX Runtime without its optimisations.
 *
 * @param inputs must hold every input of the model; others are ignored
 * @returns the model's outputs
 * @throws TesseraError `INPUT_INVALID` when an input is missing or the runtime refuses it, `MODEL_UNREADABLE` when
 *   the runtime does not know an operator, `ABORTED`
 */
export async function infer(model: Model, inputs: NamedTensors, signal?: AbortSignal): Promise<NamedTensors> {
  throwIfAborted(signal);
  const bytes = await encodeModel(model, signal ? { signal } : {});
  return runSession(await openPlainSession(bytes).catch(refuse(model.name)), model.name, inputs);
}

/** Runs an ONNX file as it is, in ONNX Runtime without its optimisations; dynamic shapes follow the inputs. */
export async function inferFile(
  path: string,
  inputs: NamedTensors,
  signal?: AbortSignal,
): Promise<NamedTensors> {
  throwIfAborted(signal);
  const session = await openPlainSession(path).catch(refuse(path));
  return runSession(session, path, inputs);
}

function refuse(name: string): (cause: Error) => never {
  return (cause) => {
    throw new TesseraError('MODEL_UNREADABLE', {
      message: `ONNX Runtime cannot open ${name}: ${cause.message}`,
      cause,
    });
  };
}

async function runSession(
  session: InferenceSession,
  name: string,
  inputs: NamedTensors,
): Promise<NamedTensors> {
  try {
    const feeds = Object.fromEntries(
      session.inputNames.map((input) => {
        const tensor = inputs.get(input);
        if (tensor === undefined) {
          throw new TesseraError('INPUT_INVALID', { message: `${name} has no value for its input ${input}` });
        }
        return [input, tensor] as const;
      }),
    );
    const outputs = await session.run(feeds).catch((cause: Error) => {
      throw new TesseraError('INPUT_INVALID', {
        message: `ONNX Runtime cannot run ${name}: ${cause.message}`,
        cause,
      });
    });
    return new Map(session.outputNames.map((output) => [output, outputs[output] as Tensor]));
  } finally {
    await session.release();
  }
}
