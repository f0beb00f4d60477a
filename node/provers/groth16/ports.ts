import { MAGNITUDE_LIMIT } from '../../../protocol/arithmetic/bounds.ts';
import type { QuantisedModel } from '../../../protocol/arithmetic/model.ts';
import type { QuantisedTensor } from '../../../protocol/arithmetic/tensor.ts';
import { type EdgeType, elementCount, type Interval, typeFaults } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { commitmentDomain } from '../../../protocol/poseidon2/index.ts';
import type { Model } from '../../model/model.ts';
import type { CircuitPort } from '../circuit/ports.ts';
import type { NumberType } from '../circuit/quantise/options.ts';
import { calibratedInterval, calibratedType, edgeInterval } from '../circuit/quantise/quantise-model.ts';
import type { FloatRange } from '../circuit/quantise/scale.ts';
import type { Port, SegmentSource } from '../prover.ts';
import type { Groth16Params } from './parameters.ts';
import { maxPublicInputs } from './verifier/verifying-key.ts';

/** Fractional bits that quantisation gives a tensor, either way. */
const maxScale = 32;

/** One end of a segment: what its circuit proves, and what the manifest says of it. */
export interface BoundPort {
  circuit: CircuitPort;
  type: EdgeType;
}

/**
 * @throws TesseraError `UNPROVABLE` for a `kzg` port, values that are not of float32 or too many public ones, `USAGE` for
 *   ports that do not fit the model or blind what is public, `RANGE_EXCEEDED` for a settled scale that is out of bounds
 */
export function checkPorts({ model, inputs, outputs }: SegmentSource): void {
  if (inputs.length !== model.inputs.length || outputs.length !== model.outputs.length) {
    throw new TesseraError('USAGE', {
      message: `A segment of ${model.inputs.length} inputs and ${model.outputs.length} outputs was given ${inputs.length} and ${outputs.length} ports`,
    });
  }
  const check = (port: Port, name: string): void => {
    if (port.scheme === 'kzg') {
      throw new TesseraError('UNPROVABLE', {
        message: `${name} is bound by kzg, which Groth16 circuits have none of`,
        remedy: 'Bind it by poseidon2 or publicly, or prove this segment with ezkl.',
        details: { tensor: name },
      });
    }
    if (port.blinded && port.scheme !== 'poseidon2') {
      throw new TesseraError('USAGE', { message: `${name} is public, so nothing can blind it` });
    }
    const scale = port.settled?.scale ?? 0;
    if (!Number.isInteger(scale) || Math.abs(scale) > maxScale) {
      throw new TesseraError('RANGE_EXCEEDED', {
        message: `${name} is settled to a scale of ${scale}; circuits compute at −${maxScale} to ${maxScale}`,
        details: { tensor: name },
      });
    }
    const element = model.types.get(name)?.element;
    if (element !== 'float32') {
      throw new TesseraError('UNPROVABLE', {
        message: `${name} holds ${element ?? 'unknown'} values; Groth16 circuits bind float32`,
        remedy: 'Cut the model elsewhere, or prove this segment with another prover.',
        details: { tensor: name },
      });
    }
  };
  inputs.forEach((port, i) => {
    check(port, model.inputs[i] as string);
  });
  outputs.forEach((port, i) => {
    check(port, model.outputs[i] as string);
  });
  const publicValues = [...inputs, ...outputs]
    .map(({ scheme }, i) => ({ scheme, name: [...model.inputs, ...model.outputs][i] as string }))
    .filter(({ scheme }) => scheme === 'public')
    .reduce((sum, { name }) => sum + elementCount(model.types.get(name)?.shape ?? []), 0);
  if (publicValues >= maxPublicInputs) {
    throw new TesseraError('UNPROVABLE', {
      message: `A segment from ${model.inputs.join(', ')} to ${model.outputs.join(', ')} has ${publicValues} public values; Groth16 circuits have at most ${maxPublicInputs - 1}`,
      remedy: 'Commit the model’s inputs or outputs with --commit, or prove this segment with ezkl.',
      details: { publicValues, limit: maxPublicInputs - 1 },
    });
  }
}

/**
 * The types that a segment's inputs are quantised to: at the settled scale, else the one that calibration gives.
 * A `poseidon2` port holds the settled interval exactly, since its values are packed by it. A public one holds no more of
 * the settled interval than calibration asks for, with headroom: values that another prover holds to billions would
 * leave no room for exact sums.
 *
 * @throws TesseraError `INPUT_INVALID` where calibration is missing, `RANGE_EXCEEDED` where no value would be left
 */
export function inputTypes(
  { model, inputs }: SegmentSource,
  params: Groth16Params,
): ReadonlyMap<string, NumberType> {
  return new Map(
    inputs.map((port, i) => {
      const name = model.inputs[i] as string;
      return [name, inputType(port, name, params)];
    }),
  );
}

function inputType(
  { scheme, settled }: Port,
  name: string,
  { ranges, inputBits, headroomBits }: Groth16Params,
): NumberType {
  const [min, max] = Object.hasOwn(ranges, name) ? (ranges[name] ?? []) : [];
  if (min === undefined || max === undefined) {
    throw new TesseraError('INPUT_INVALID', {
      message: `Calibration saw no values of ${name}`,
      remedy: 'Calibrate with inputs of this very model.',
    });
  }
  const scale = settled?.scale ?? calibratedType({ min, max }, inputBits).scale;
  const interval = settled?.interval;
  if (interval === undefined && settled?.scale === undefined) {
    return { scale, ...calibratedInterval({ min, max }, scale) };
  }
  if (scheme === 'poseidon2' && interval !== undefined) {
    return { scale, ...exactInterval(interval, name) };
  }
  const room = 2 ** headroomBits;
  const seen: FloatRange = { min: min * room, max: max * room };
  return { scale, ...within(interval, calibratedInterval(seen, scale), name) };
}

/**
 * What every port proves and says.
 *
 * A public port may prove less than the settled interval and say the settled one. That is sound: whoever relies on the
 * edge's type relies on [lo, hi], and values held to a part of it are held to it. Nothing else depends on the interval of a
 * public port, since its values are bound one by one. A `poseidon2` port proves what it says, for packing and the
 * sponge's domain follow from it.
 *
 * @param quantised the segment, quantised with {@link inputTypes} and the settled scales of its outputs
 * @throws TesseraError `RANGE_EXCEEDED` where a port cannot be bound as settled
 */
export function bindPorts(
  source: SegmentSource,
  quantised: QuantisedModel,
): { inputs: readonly BoundPort[]; outputs: readonly BoundPort[] } {
  const { model, inputs, outputs } = source;
  const tensorOf = (name = ''): QuantisedTensor => quantised.tensors.get(name) as QuantisedTensor;
  return {
    inputs: inputs.map((port, i) => {
      const name = model.inputs[i] as string;
      return bind(model, name, port, tensorOf(name));
    }),
    outputs: outputs.map((port, i) => {
      const name = model.outputs[i] as string;
      const tensor = tensorOf(quantised.outputs[i]);
      const interval = port.settled?.interval;
      if (interval === undefined) return bind(model, name, port, { ...tensor, ...edgeInterval(tensor) });
      const held =
        port.scheme === 'poseidon2' ? exactInterval(interval, name) : within(interval, tensor, name);
      return bind(model, name, port, { ...tensor, ...held });
    }),
  };
}

/** @param proven the tensor with the interval that the circuit proves of it */
function bind(model: Model, name: string, { scheme, blinded, settled }: Port, proven: NumberType): BoundPort {
  const { lo, hi } = proven;
  const interval =
    settled?.interval === undefined || settled.interval === 'unproven'
      ? { lo: BigInt(lo), hi: BigInt(hi) }
      : settled.interval;
  const common = { shape: model.types.get(name)?.shape ?? [], scale: proven.scale, interval };
  const type: EdgeType =
    scheme === 'poseidon2'
      ? { ...common, signed: interval.lo < 0n, scheme: { name: 'poseidon2', blinded } }
      : { ...common, signed: true, scheme: { name: 'public' } };
  const faults = typeFaults(type);
  if (faults.length > 0) {
    throw new TesseraError('RANGE_EXCEEDED', {
      message: `${name} cannot be bound as it is settled: ${faults.join('; ')}`,
      details: { tensor: name },
    });
  }
  const binding =
    scheme === 'poseidon2'
      ? ({ scheme, blinded, domain: commitmentDomain({ ...type, interval }, blinded) } as const)
      : ({ scheme: 'public' } as const);
  return { circuit: { lo, hi, binding }, type };
}

/** A settled interval in the numbers that circuits count with. */
function exactInterval(interval: EdgeType['interval'], name: string): { lo: number; hi: number } {
  const { lo, hi } = proven(interval, name);
  if (lo > hi || lo < -BigInt(MAGNITUDE_LIMIT) || hi > BigInt(MAGNITUDE_LIMIT)) {
    throw new TesseraError('RANGE_EXCEEDED', {
      message: `${name} is settled to [${lo}, ${hi}], and circuits hold integers up to 2^52 in magnitude`,
      remedy: 'Choose smaller scales, or bind the tensor publicly.',
      details: { tensor: name },
    });
  }
  return { lo: Number(lo), hi: Number(hi) };
}

/** The part of an interval that a settled one leaves; all of it where nothing is settled. */
function within(
  settled: EdgeType['interval'] | undefined,
  { lo, hi }: { lo: number; hi: number },
  name: string,
): { lo: number; hi: number } {
  if (settled === undefined) return { lo, hi };
  const bound = proven(settled, name);
  const least = BigInt(lo) > bound.lo ? lo : Number(bound.lo);
  const most = BigInt(hi) < bound.hi ? hi : Number(bound.hi);
  if (least > most) {
    throw new TesseraError('RANGE_EXCEEDED', {
      message: `${name} is settled to [${bound.lo}, ${bound.hi}], but its values lie in [${lo}, ${hi}]`,
      remedy: 'Calibrate both segments together, so that they agree on the edge.',
      details: { tensor: name },
    });
  }
  return { lo: least, hi: most };
}

function proven(interval: EdgeType['interval'], name: string): Interval {
  if (interval !== 'unproven') return interval;
  throw new TesseraError('RANGE_EXCEEDED', {
    message: `The interval of ${name} is unproven, and Groth16 circuits prove theirs`,
    remedy: 'Bind the tensor publicly on both sides.',
    details: { tensor: name },
  });
}
