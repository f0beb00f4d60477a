import { interpret } from '../../../protocol/arithmetic/interpreter.ts';
import type { QuantisedTensor, Values } from '../../../protocol/arithmetic/tensor.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { FIELD_ORDER } from '../../../protocol/poseidon2/constants.ts';
import type { CompiledCircuit } from './compile.ts';
import { assignCommitment } from './gadgets/commitment.ts';
import { assignMaximum } from './gadgets/maximum.ts';
import { assignQuotients } from './gadgets/requantise.ts';
import { FIELD_BYTES, readField } from './language/field-bytes.ts';
import type { PortRef } from './layout.ts';
import type { CircuitPort } from './ports.ts';
import { WitnessWriter } from './witness-writer.ts';

/** What one execution starts from. */
export interface Execution {
  /** In the order of the model's inputs; integers. */
  inputs: readonly Values[];
  /** The public context, below r; 0 offline. */
  context: bigint;
  /** Blinding values of the ports that have one. */
  blindings?: { inputs?: readonly (bigint | undefined)[]; outputs?: readonly (bigint | undefined)[] };
}

/** One execution in full. */
export interface ExecutionWitness {
  /** In the binary form of FORMAT.md. */
  bytes: Uint8Array;
  /** The verifier's public inputs, in order. */
  publicInputs: readonly bigint[];
  /** In the order of the model's outputs. */
  outputs: readonly Values[];
}

function checkInterval(name: string, values: Values, { lo, hi }: CircuitPort): void {
  values.forEach((value, element) => {
    if (value < lo || value > hi) {
      throw new TesseraError('RANGE_EXCEEDED', {
        message: `Element ${element} of ${name} is ${value}, outside the edge's interval [${lo}, ${hi}]`,
        remedy: 'Calibrate with inputs like this one.',
        details: { tensor: name, element, value, lo, hi },
      });
    }
  });
}

/** A circuit without its constraints: what executing it takes. */
export type ExecutableCircuit = Omit<CompiledCircuit, 'constraints'>;

/** Integers of one execution. */
export interface ExecutedCircuit {
  /** Of every tensor, by name. */
  values: ReadonlyMap<string, Values>;
  /** In the order of the model's outputs. */
  outputs: readonly Values[];
}

/**
 * Executes the model within the intervals of its ports.
 * @throws TesseraError `INPUT_INVALID`, or `RANGE_EXCEEDED` when a value leaves what the circuit proves: there is no
 * witness then.
 */
export function executeCircuit(
  { model, ports }: Pick<ExecutableCircuit, 'model' | 'ports'>,
  inputs: readonly Values[],
): ExecutedCircuit {
  if (inputs.length !== model.inputs.length) {
    throw new TesseraError('INPUT_INVALID', {
      message: `The circuit takes ${model.inputs.length} tensors, not ${inputs.length}`,
    });
  }
  const values = interpret(model, new Map(model.inputs.map((name, i) => [name, inputs[i] as Values])));
  const valuesOf = (name: string): Values => values.get(name) as Values;
  model.inputs.forEach((name, i) => {
    checkInterval(name, valuesOf(name), ports.inputs[i] as CircuitPort);
  });
  model.outputs.forEach((name, i) => {
    checkInterval(name, valuesOf(name), ports.outputs[i] as CircuitPort);
  });
  return { values, outputs: model.outputs.map(valuesOf) };
}

/**
 * Executes the model and fills every wire.
 * @throws TesseraError as {@link executeCircuit}, and `INPUT_INVALID` for a context or a blinding value that is no field
 * element, is missing or has no use
 */
export function generateWitness(circuit: ExecutableCircuit, execution: Execution): ExecutionWitness {
  const { model, layout } = circuit;
  requireElement(execution.context, 'The context');
  const { values, outputs } = executeCircuit(circuit, execution.inputs);
  const valuesOf = (name: string): Values => values.get(name) as Values;

  const witness = new WitnessWriter(layout.wires);
  for (const step of layout.steps) {
    switch (step.kind) {
      case 'values': {
        const tensor = valuesOf(step.tensor);
        for (let i = 0; i < tensor.length; i++) witness.set(step.first + i, tensor[i] as number);
        break;
      }
      case 'quotients':
        assignQuotients(witness, step, valuesOf(step.source));
        break;
      case 'maximum': {
        const tensor = model.tensors.get(step.source) as QuantisedTensor;
        assignMaximum(witness, step.first, step.operation, tensor, valuesOf(step.source));
        break;
      }
      case 'context':
        witness.setField(1, execution.context);
        witness.setField(step.square, execution.context * execution.context);
        break;
      case 'commitment':
        assignPort(witness, circuit, execution, step, valuesOf);
        break;
    }
  }
  const publicCount = layout.publicInputs.reduce((sum, { count }) => sum + count, 0);
  const view = new DataView(witness.bytes.buffer);
  return {
    bytes: witness.bytes,
    publicInputs: Array.from({ length: publicCount }, (_, i) => readField(view, (i + 1) * FIELD_BYTES)),
    outputs,
  };
}

function requireElement(value: bigint, what: string): void {
  if (value < 0n || value >= FIELD_ORDER) {
    throw new TesseraError('INPUT_INVALID', { message: `${what} is not a field element below r` });
  }
}

function assignPort(
  witness: WitnessWriter,
  { model, ports }: ExecutableCircuit,
  execution: Execution,
  step: { states: number; blinding?: number; public: number; port: PortRef },
  valuesOf: (name: string) => Values,
): void {
  const { side, index } = step.port;
  const [names, ends, blindings] =
    side === 'input'
      ? [model.inputs, ports.inputs, execution.blindings?.inputs]
      : [model.outputs, ports.outputs, execution.blindings?.outputs];
  const name = names[index] as string;
  const { lo, hi, binding } = ends[index] as CircuitPort;
  if (binding.scheme !== 'poseidon2') return;
  const blinding = blindings?.[index];
  if (binding.blinded !== (blinding !== undefined)) {
    throw new TesseraError('INPUT_INVALID', {
      message: binding.blinded
        ? `The commitment to ${name} needs a blinding value`
        : `The commitment to ${name} takes no blinding value`,
      remedy: 'Give one blinding value for each private edge and none for the others.',
    });
  }
  if (blinding !== undefined) requireElement(blinding, `The blinding value of ${name}`);
  assignCommitment(witness, step, valuesOf(name), { lo, hi, domain: binding.domain }, blinding);
}
