import type { Certificate, Statement } from '../../protocol/certificate.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { Edge } from '../../protocol/graph.ts';
import { dequantise } from '../../protocol/quantise.ts';
import { type Closeness, closeness } from '../model/closeness.ts';
import { inferFile, type NamedTensors } from '../model/inference.ts';
import type { Model } from '../model/model.ts';
import { doublesOf, tensorOf } from '../model/tensor-data.ts';
import type { AuditProblem } from './problem.ts';

/** One output of the whole as the certificate states it, against the float model’s on the stated input. */
export interface OutputFidelity extends Closeness {
  name: string;
}

/**
 * How far what was proven is from the float model, on the one input of a certificate: circuits can be those of the
 * recipe digest by digest, and the recipe so coarse that they compute something else.
 */
export interface Fidelity {
  outputs: readonly OutputFidelity[];
  /**
   * Whether the float model was run on floats that the certificate states; otherwise on what its integers stand for,
   * and what their scale lost of the input does not show.
   */
  statedFloats: boolean;
  /** What could not be compared, and why, in words. */
  uncompared: readonly string[];
}

/** A comparison that says nothing, and why. */
export function notCompared(why: string): Fidelity {
  return { outputs: [], statedFloats: false, uncompared: [why] };
}

/** The model that a certificate is said to be of. */
export interface FloatModel {
  /** Path of the ONNX file, which is run as it is. */
  path: string;
  /** The same, imported. */
  model: Pick<Model, 'types'>;
}

/**
 * Runs the float model on a certificate’s stated input, and holds the stated outputs against what it gives. That they
 * are what the proofs bind, the check of the certificate shows.
 *
 * @throws TesseraError `ABORTED`; what keeps the model from being run is reported
 */
export async function compareWithFloats(
  { manifest, statements }: Pick<Certificate, 'manifest' | 'statements'>,
  float: FloatModel,
  signal?: AbortSignal,
): Promise<Fidelity> {
  const { edges, inputs, outputs } = manifest.graph;
  const statedAt = new Map(statements.map((statement) => [statement.edge, statement]));
  const stated = (indices: readonly number[]): Stated[] =>
    indices.flatMap((index) => {
      const edge = edges[index];
      return edge === undefined ? [] : [{ edge, statement: statedAt.get(index) }];
    });
  let floats: NamedTensors;
  try {
    const tensors = stated(inputs).map(
      (input) => [input.edge.name, inputTensor(input, float.model)] as const,
    );
    floats = await inferFile(float.path, new Map(tensors), signal);
  } catch (error) {
    if (!(error instanceof TesseraError) || error.code === 'ABORTED') throw error;
    return notCompared(error.message);
  }
  const compared = stated(outputs).map((output) => compareOutput(output, floats));
  return {
    outputs: compared.filter((result) => typeof result !== 'string'),
    statedFloats: inputs.every((index) => statedAt.get(index)?.floats !== undefined),
    uncompared: compared.filter((result) => typeof result === 'string'),
  };
}

/** An edge of the whole, and its values where the certificate states them. */
interface Stated {
  edge: Edge;
  statement: Statement | undefined;
}

/** @throws TesseraError `INPUT_INVALID` for an input that is not stated or not the model’s */
function inputTensor({ edge: { name, type }, statement }: Stated, model: FloatModel['model']) {
  const expected = model.types.get(name);
  if (statement === undefined || expected === undefined) {
    const message =
      statement === undefined ? `input ${name} is not in the clear` : `the model has no input ${name}`;
    throw new TesseraError('INPUT_INVALID', { message });
  }
  return tensorOf(name, expected, statement.floats ?? dequantise(statement.values, type.scale));
}

/** How far an output is from the float model’s, or why that cannot be said. */
function compareOutput({ edge: { name, type }, statement }: Stated, floats: NamedTensors) {
  const tensor = floats.get(name);
  if (statement === undefined) return `output ${name} is not in the clear`;
  if (tensor === undefined) return `the model has no output ${name}`;
  const float = doublesOf(tensor);
  const proven = dequantise(statement.values, type.scale);
  if (float.length !== proven.length) {
    return `output ${name} has ${proven.length} stated values; the float model gives ${float.length}`;
  }
  if (!float.every(Number.isFinite)) return `the float model’s output ${name} is not finite`;
  return { name, ...closeness(float, proven, tensor.dims) };
}

/**
 * What is wrong where no element of any output may be further from the float model’s than this.
 *
 * @param tolerance from 0 on
 */
export function toleranceProblems({ outputs, uncompared }: Fidelity, tolerance: number): AuditProblem[] {
  return [
    ...outputs
      .filter(({ maxDifference }) => !(maxDifference <= tolerance))
      .map(
        ({ name, maxDifference }): AuditProblem => ({
          code: 'FLOAT_DIFFERS',
          message: `output ${name} is up to ${maxDifference} from the float model’s, above the tolerance of ${tolerance}`,
          edge: name,
          remedy:
            'Do not rely on these circuits. Their maker can prove with inputs like this one under --calibrate, or with more bits (--scale).',
        }),
      ),
    ...uncompared.map(
      (why): AuditProblem => ({
        code: 'FLOAT_UNCOMPARED',
        message: why,
        remedy:
          'Audit a certificate of this model that shows its input and outputs, or leave --tolerance out.',
      }),
    ),
  ];
}
