import { float } from '../attribute-values.ts';
import { floatAttribute, intAttribute } from '../attributes.ts';
import { constantFloats, constantLength, floatConstant } from '../constant.ts';
import type { Draft, DraftType } from '../draft.ts';
import { elementCount } from '../element.ts';
import type { Constant, ModelNode } from '../model.ts';
import { knownType } from './known-type.ts';
import { readCounts, tensorNamer } from './reads.ts';

/** Larger weights stay in their file, and the product behind them stays a node. */
const MAX_WEIGHT_BYTES = 64 * 1024 * 1024;

/**
 * Absorbs products and sums with one constant a channel into what comes before them: the weights and bias of
 * a `Conv` or `Gemm`, or another such product or sum. Of a chain at most one product and one sum remain.
 * Constants are multiplied and added in double precision and rounded once.
 */
export async function foldAffine(draft: Draft): Promise<Draft> {
  const folder = new AffineFolder(draft);
  for (const node of draft.nodes) await folder.add(node);
  return folder.result();
}

/** A product or sum with one constant a channel. */
interface ChannelStep {
  operator: 'Mul' | 'Add';
  input: string;
  values: Float64Array;
  shape: readonly number[];
}

class AffineFolder {
  readonly #draft: Draft;
  readonly #constants: Map<string, Constant>;
  readonly #types: Map<string, DraftType>;
  readonly #reads: ReadonlyMap<string, number>;
  readonly #nameTensor: (base: string) => string;
  /** In the order of emission; a node that another has absorbed is deleted. */
  readonly #nodes = new Set<ModelNode>();
  readonly #producers = new Map<string, ModelNode>();

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#constants = new Map(draft.constants);
    this.#types = new Map(draft.types);
    this.#reads = readCounts(draft);
    this.#nameTensor = tensorNamer(draft);
  }

  result(): Draft {
    return { ...this.#draft, nodes: [...this.#nodes], constants: this.#constants, types: this.#types };
  }

  /** Emits a node, merged into the one before it where that keeps the function. */
  async add(node: ModelNode): Promise<void> {
    const step = await this.#channelStep(node);
    const before = step && this.#reads.get(step.input) === 1 ? this.#producers.get(step.input) : undefined;
    if (step === undefined || before === undefined) {
      this.#emit(node);
      return;
    }
    const [output = ''] = node.outputs;
    const merged = await this.#intoLayer(before, step, output);
    if (merged !== undefined) {
      this.#nodes.delete(before);
      this.#emit(merged);
      return;
    }
    const earlier = await this.#channelStep(before);
    if (earlier === undefined) {
      this.#emit(node);
      return;
    }
    const pairs = earlier.values.map((value, i) => combine(value, step.operator, step.values[i] ?? 0));
    if (earlier.operator === step.operator) {
      this.#nodes.delete(before);
      await this.add(this.#stepNode(before.name, { ...earlier, values: pairs }, output));
    } else if (earlier.operator === 'Add') {
      // (x + a) · m = x · m + a · m: the product moves forward, where it may be absorbed.
      this.#nodes.delete(before);
      const [middle = ''] = before.outputs;
      await this.add(this.#stepNode(before.name, { ...step, input: earlier.input }, middle));
      await this.add(this.#stepNode(node.name, { ...earlier, input: middle, values: pairs }, output));
    } else {
      this.#emit(node);
    }
  }

  #emit(node: ModelNode): void {
    this.#nodes.add(node);
    for (const name of node.outputs) this.#producers.set(name, node);
  }

  /** The node as a product or sum that treats each channel (axis 1) alike, if it is one. */
  async #channelStep(node: ModelNode): Promise<ChannelStep | undefined> {
    const { operator, domain, inputs } = node;
    if ((operator !== 'Mul' && operator !== 'Add') || domain !== '') return undefined;
    const [a = '', b = ''] = inputs;
    const [input, constant] = this.#constants.has(b) ? [a, b] : [b, a];
    const value = this.#constants.get(constant);
    const type = this.#types.get(input);
    const shape = knownType({ ...this.#draft, types: this.#types, constants: this.#constants }, input)?.shape;
    if (value === undefined || shape === undefined || type?.element !== 'float32') return undefined;
    const values = await channelValues(value, shape);
    return values === undefined ? undefined : { operator, input, values, shape };
  }

  #stepNode(name: string, step: ChannelStep, output: string): ModelNode {
    const constant = this.#nameTensor(`${output}/${step.operator === 'Mul' ? 'factors' : 'offsets'}`);
    const shape = [step.values.length, ...step.shape.slice(2).map(() => 1)];
    this.#constants.set(constant, floatConstant(shape, Float32Array.from(step.values)));
    this.#types.set(output, { element: 'float32', shape: step.shape });
    return {
      name,
      operator: step.operator,
      domain: '',
      inputs: [step.input, constant],
      outputs: [output],
      attributes: new Map(),
    };
  }

  /** A `Conv` or `Gemm` with the step taken into its weights and bias, where these are constants. */
  async #intoLayer(layer: ModelNode, step: ChannelStep, output: string): Promise<ModelNode | undefined> {
    const isGemm = layer.operator === 'Gemm';
    if (!isGemm && layer.operator !== 'Conv') return undefined;
    const [input = '', weightName = '', biasName = ''] = layer.inputs;
    const channels = step.values.length;
    const bias = await this.#biasValues(biasName, channels);
    if (bias === undefined) return undefined;
    let weight = weightName;
    if (step.operator === 'Mul') {
      const weights = this.#constants.get(weightName);
      if (!isFoldable(weights)) return undefined;
      const perChannel = elementCount(weights.type.shape) / channels;
      const channelsAreLast = isGemm && (intAttribute(layer, 'transB') ?? 0) === 0;
      const scaled = await scale(weights, step.values, (i) =>
        channelsAreLast ? i % channels : Math.floor(i / perChannel),
      );
      weight = this.#constant(`${output}/weight`, scaled);
    }
    const beta = isGemm ? (floatAttribute(layer, 'beta') ?? 1) : 1;
    const sum = bias.map((value, i) => combine(beta * value, step.operator, step.values[i] ?? 0));
    const biasConstant = floatConstant([channels], Float32Array.from(sum));
    return {
      ...layer,
      inputs: [input, weight, this.#constant(`${output}/bias`, biasConstant)],
      outputs: [output],
      attributes: isGemm ? new Map([...layer.attributes, ['beta', float(1)]]) : layer.attributes,
    };
  }

  /** A layer's bias, one value a channel; zeros where it has none. */
  async #biasValues(name: string, channels: number): Promise<Float64Array | undefined> {
    if (name === '') return new Float64Array(channels);
    const constant = this.#constants.get(name);
    return constant === undefined ? undefined : channelValues(constant, [1, channels]);
  }

  #constant(base: string, constant: Constant): string {
    const name = this.#nameTensor(base);
    this.#constants.set(name, constant);
    return name;
  }
}

function combine(value: number, operator: 'Mul' | 'Add', operand: number): number {
  return operator === 'Mul' ? value * operand : value + operand;
}

function isFoldable(constant: Constant | undefined): constant is Constant {
  return constant?.type.element === 'float32' && constantLength(constant) <= MAX_WEIGHT_BYTES;
}

/** A constant as one value a channel of a tensor [batch, channel, …], if it broadcasts to that. */
async function channelValues(
  constant: Constant,
  shape: readonly number[],
): Promise<Float64Array | undefined> {
  const channels = shape[1];
  const missing = shape.length - constant.type.shape.length;
  if (channels === undefined || missing < 0 || constant.type.element !== 'float32') return undefined;
  const aligned = [...new Array<number>(missing).fill(1), ...constant.type.shape];
  if (aligned.some((dim, axis) => dim !== 1 && (axis !== 1 || dim !== channels))) return undefined;
  const values = await constantFloats(constant);
  return Float64Array.from({ length: channels }, (_, i) => values[values.length === 1 ? 0 : i] ?? 0);
}

/** Weights times one factor a channel; a fill stays one when all factors are the same. */
async function scale(
  weights: Constant,
  factors: Float64Array,
  channelOf: (index: number) => number,
): Promise<Constant> {
  const [first = 1] = factors;
  if (weights.source.kind === 'fill' && factors.every((factor) => factor === first)) {
    const value = Math.fround(Number(weights.source.value) * first);
    return { type: weights.type, source: { kind: 'fill', value } };
  }
  const values = await constantFloats(weights);
  return floatConstant(
    weights.type.shape,
    values.map((value, i) => value * (factors[channelOf(i)] ?? 0)),
  );
}
