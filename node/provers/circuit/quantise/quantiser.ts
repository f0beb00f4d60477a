import type { Operation, QuantisedNode } from '../../../../protocol/arithmetic/model.ts';
import { operatorOf } from '../../../../protocol/arithmetic/operations/index.ts';
import type { QuantisedTensor } from '../../../../protocol/arithmetic/tensor.ts';
import { elementCount } from '../../../../protocol/edge.ts';
import { TesseraError } from '../../../../protocol/errors.ts';
import type { Model, ModelNode } from '../../../model/model.ts';
import type { QuantiseOptions } from './options.ts';
import { comparedTensor, differenceName } from './pool-differences.ts';
import { bitsFor, extent, type FloatRange, scaleFor } from './scale.ts';

/**
 * By how much a difference within a window may exceed what calibration saw. Every sample shows thousands of windows, so
 * little room is needed: none of 900 digits leaves what 100 others showed.
 */
const DIFFERENCE_ROOM = 1.25;

/** A float constant of the model. */
export interface FloatConstant {
  shape: readonly number[];
  values: Float64Array;
}

/** A quantised tensor that a tensor of the model stands for. */
export interface Quantised {
  /** Its name in the quantised model. */
  name: string;
  /**
   * Where a ReLU is still to be applied: the model's tensor before it, or before the first of several. A ReLU commutes
   * with rescaling, maxima and moves, and is cheapest last.
   */
  beforeRelu: string | undefined;
}

/**
 * A quantised model while operators are lowered into it. Rescaling is put off: linear operators leave accumulators, and
 * `settled` rescales a tensor once, when an operator asks for activations.
 */
export class Quantiser {
  readonly model: Model;
  readonly options: QuantiseOptions;
  readonly nodes: QuantisedNode[] = [];
  readonly tensors = new Map<string, QuantisedTensor>();
  readonly #ranges: ReadonlyMap<string, FloatRange>;
  readonly #constants: ReadonlyMap<string, FloatConstant>;
  readonly #quantised = new Map<string, Quantised>();
  #node: ModelNode | undefined;

  constructor(
    model: Model,
    ranges: ReadonlyMap<string, FloatRange>,
    constants: ReadonlyMap<string, FloatConstant>,
    options: QuantiseOptions,
  ) {
    this.model = model;
    this.options = options;
    this.#ranges = ranges;
    this.#constants = constants;
  }

  /** Names the node that is being lowered, for names and errors. */
  begin(node: ModelNode): void {
    this.#node = node;
  }

  /** What calibration saw of a tensor. @throws TesseraError `INPUT_INVALID` when it saw nothing. */
  range(name: string): FloatRange {
    const range = this.#ranges.get(name);
    if (range === undefined || !Number.isFinite(extent(range))) {
      throw new TesseraError('INPUT_INVALID', {
        message: `Calibration saw no finite values of ${name}`,
        remedy: 'Calibrate with inputs of this very model.',
      });
    }
    return range;
  }

  shape(name: string): readonly number[] {
    return this.model.types.get(name)?.shape ?? this.#constants.get(name)?.shape ?? [];
  }

  /** The constant of this name, or `undefined` for a computed tensor. */
  constant(name: string): FloatConstant | undefined {
    return this.#constants.get(name);
  }

  /** A constant that the circuit fixes. @throws TesseraError `UNPROVABLE` where the tensor is computed. */
  fixed(name: string): FloatConstant {
    const constant = this.#constants.get(name);
    if (constant === undefined)
      throw this.unsupported(`its input ${name} is computed, and the circuit fixes it`);
    return constant;
  }

  unsupported(reason: string, remedy = 'Prove this node with another prover.'): TesseraError {
    const node = this.#node;
    return new TesseraError('UNPROVABLE', {
      message: `${node?.operator} ${node?.name}: ${reason}`,
      remedy,
      details: { node: node?.name, operator: node?.operator },
    });
  }

  /** Declares an input of the quantised model. */
  input(name: string, tensor: QuantisedTensor): void {
    this.tensors.set(name, tensor);
    this.#quantised.set(name, { name, beforeRelu: undefined });
  }

  /** Adds an operation; its output gets the shape and the bounds that follow from it. */
  emit(operation: Operation, inputs: readonly string[], scale: number, label: string): string {
    const operator = operatorOf(operation);
    const sources = inputs.map((input) => this.tensor(input));
    const shape = operator.shape(operation, sources);
    const bounds = operator.bounds(operation, sources, shape);
    let output = label;
    for (let i = 1; this.tensors.has(output); i++) output = `${label}#${i}`;
    this.nodes.push({ name: output, operation, inputs, output });
    this.tensors.set(output, { shape, scale, lo: bounds.lo, hi: bounds.hi });
    return output;
  }

  tensor(name: string): QuantisedTensor {
    return this.tensors.get(name) as QuantisedTensor;
  }

  /** Says what a tensor of the model became. */
  define(name: string, result: string, beforeRelu?: string): void {
    this.#quantised.set(name, { name: result, beforeRelu });
    if (this.options.edges.has(name)) this.settled(name);
  }

  /** The quantised tensors that hold what tensors of the model hold; those with a pending ReLU do not. */
  names(): ReadonlyMap<string, string> {
    const complete = [...this.#quantised].filter(([, { beforeRelu }]) => beforeRelu === undefined);
    return new Map(complete.map(([name, quantised]) => [name, quantised.name]));
  }

  /** What a computed tensor of the model became. @throws TesseraError `UNPROVABLE` for a constant. */
  quantised(name: string): Quantised {
    const quantised = this.#quantised.get(name);
    if (quantised === undefined) throw this.unsupported(`${name} is not a computed tensor`);
    return quantised;
  }

  /** The tensor with its ReLU applied, at whatever scale it has. */
  exact(name: string): string {
    const quantised = this.quantised(name);
    return quantised.beforeRelu === undefined ? quantised.name : this.settled(name);
  }

  /** The tensor as activations: ReLU applied, at the scale the options ask for or with no more bits than they allow. */
  settled(name: string, precision = this.options.activationBits): string {
    const { name: source, beforeRelu } = this.quantised(name);
    const rectify = beforeRelu !== undefined;
    const tensor = this.tensor(source);
    const range = this.range(name);
    const wanted = this.options.scales.get(name) ?? scaleFor(extent(range), precision);
    const scale = Math.min(tensor.scale, wanted);
    let settled = source;
    if (scale < tensor.scale || rectify) {
      // The sign is checked with the value, so the width must hold what comes before the ReLU.
      const largest = Math.max(extent(range), rectify ? extent(this.range(beforeRelu)) : 0);
      const bits = Math.min(52, bitsFor(Math.ceil(largest * 2 ** scale)) + this.options.headroomBits);
      const shift = tensor.scale - scale;
      settled = this.emit({ kind: 'requantise', shift, bits, rectify }, [source], scale, name);
    }
    if (this.options.scales.has(name)) settled = this.raised(settled, wanted, name);
    if (settled !== source) this.#quantised.set(name, { name: settled, beforeRelu: undefined });
    return settled;
  }

  /** Bits within which differences stay that a `MaxPool` meets along an axis, before any pending ReLU. */
  differenceBits(node: ModelNode, axis: number): number {
    const [name = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const { name: source, beforeRelu } = this.quantised(name);
    const { min, max } = this.range(beforeRelu ?? name);
    const { scale, lo, hi } = this.tensor(source);
    const possible = Math.min(
      bitsFor(Math.ceil((max - min) * 2 ** scale)) + this.options.headroomBits,
      bitsFor(hi - lo),
    );
    const seen = this.#ranges.get(differenceName(output, axis))?.max;
    // A ReLU from further back may have been put off past more than what was compared.
    const compared = comparedTensor(this.model, node);
    if (seen === undefined || (beforeRelu !== undefined && beforeRelu !== compared)) return possible;
    return Math.min(possible, Math.max(1, bitsFor(Math.ceil(DIFFERENCE_ROOM * seen * 2 ** scale))));
  }

  /** Multiplies by a power of two, so that the tensor has the given, larger scale. */
  raised(name: string, scale: number, label: string): string {
    const tensor = this.tensor(name);
    if (tensor.scale === scale) return name;
    const factor = 2 ** (scale - tensor.scale);
    return this.emit(
      { kind: 'affine', terms: [{ factor }], bias: 0, shape: tensor.shape },
      [name],
      scale,
      label,
    );
  }

  /** The same elements under another shape. */
  reshaped(name: string, shape: readonly number[], label: string): string {
    const from = Int32Array.from({ length: elementCount(shape) }, (_, i) => i);
    return this.emit({ kind: 'rearrange', from, fill: 0, shape }, [name], this.tensor(name).scale, label);
  }
}

/** Lowers one node of the model into integer operations. */
export type Lowering = (quantiser: Quantiser, node: ModelNode) => void;
