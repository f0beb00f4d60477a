import { elementCount } from '../edge.ts';
import { TesseraError } from '../errors.ts';
import { checkMagnitude, magnitude } from './bounds.ts';
import type { QuantisedModel, QuantisedNode } from './model.ts';
import { operatorOf } from './operations/index.ts';
import { requireValid } from './operations/invalid.ts';
import type { QuantisedTensor, Values } from './tensor.ts';

function tensorOf(model: QuantisedModel, name: string): QuantisedTensor {
  const tensor = model.tensors.get(name);
  requireValid(tensor !== undefined, `Tensor ${name} is not described.`);
  return tensor;
}

/**
 * Checks that shapes fit, and proves from the weights and the inputs' intervals that every tensor's declared interval
 * holds its values and that no intermediate loses exactness.
 * @throws TesseraError `MODEL_INVALID`, or `RANGE_EXCEEDED` for an accumulator that could pass 2^52.
 */
export function validate(model: QuantisedModel): void {
  const known = new Set<string>(model.inputs);
  for (const name of model.inputs) {
    const { lo, hi } = tensorOf(model, name);
    requireValid(
      Number.isInteger(lo) && Number.isInteger(hi) && lo <= hi,
      `Input ${name} has no proper interval.`,
    );
    checkMagnitude(magnitude({ lo, hi }), `Input ${name}`);
  }
  for (const node of model.nodes) {
    for (const input of node.inputs) {
      requireValid(known.has(input), `${node.name} reads ${input} before it is computed.`);
    }
    requireValid(!known.has(node.output), `${node.output} is computed twice.`);
    known.add(node.output);
    validateNode(model, node);
  }
  for (const name of model.outputs) requireValid(known.has(name), `Output ${name} is not computed.`);
}

function validateNode(model: QuantisedModel, node: QuantisedNode): void {
  const operator = operatorOf(node.operation);
  const inputs = node.inputs.map((name) => tensorOf(model, name));
  const output = tensorOf(model, node.output);
  const shape = operator.shape(node.operation, inputs);
  requireValid(
    shape.length === output.shape.length && shape.every((size, axis) => size === output.shape[axis]),
    `${node.output} is declared as [${output.shape.join(', ')}] but computed as [${shape.join(', ')}].`,
  );
  const { lo, hi } = operator.bounds(node.operation, inputs, shape);
  requireValid(
    output.lo <= lo && hi <= output.hi,
    `${node.output} is declared in [${output.lo}, ${output.hi}] but may lie in [${lo}, ${hi}].`,
  );
}

function checkInput(name: string, tensor: QuantisedTensor, values: Values | undefined): Values {
  if (values === undefined || values.length !== elementCount(tensor.shape)) {
    throw new TesseraError('INPUT_INVALID', {
      message: `Input ${name} needs ${elementCount(tensor.shape)} values, ${values === undefined ? 'none were' : `${values.length} were`} given`,
      remedy: `Give a tensor of shape [${tensor.shape.join(', ')}].`,
    });
  }
  values.forEach((value, element) => {
    if (!Number.isInteger(value) || value < tensor.lo || value > tensor.hi) {
      throw new TesseraError('RANGE_EXCEEDED', {
        message: `Element ${element} of ${name} is ${value}, not an integer in [${tensor.lo}, ${tensor.hi}]`,
        remedy: 'Scale the input as in calibration, or calibrate with inputs like this one.',
        details: { tensor: name, element, value, lo: tensor.lo, hi: tensor.hi },
      });
    }
  });
  return values;
}

/**
 * Runs a valid model on integers.
 * @returns the values of every tensor, inputs included.
 * @throws TesseraError `INPUT_INVALID`, or `RANGE_EXCEEDED` for a value that leaves an interval; nothing ever wraps.
 */
export function interpret(
  model: QuantisedModel,
  inputs: ReadonlyMap<string, Values>,
): ReadonlyMap<string, Values> {
  const values = new Map<string, Values>();
  for (const name of model.inputs) {
    values.set(name, checkInput(name, tensorOf(model, name), inputs.get(name)));
  }
  for (const node of model.nodes) {
    const sources = node.inputs.map((name) => values.get(name) as Values);
    const tensors = node.inputs.map((name) => tensorOf(model, name));
    const { shape } = tensorOf(model, node.output);
    try {
      values.set(node.output, operatorOf(node.operation).evaluate(node.operation, sources, tensors, shape));
    } catch (error) {
      if (!(error instanceof TesseraError)) throw error;
      throw new TesseraError(error.code, {
        message: `${node.name}: ${error.message}`,
        ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
        details: { ...error.details, node: node.name, tensor: node.output },
        cause: error,
      });
    }
  }
  return values;
}
