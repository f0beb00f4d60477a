import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { float, int, ints } from '../../node/model/attribute-values.ts';
import { floatConstant } from '../../node/model/constant.ts';
import type { Draft, DraftType } from '../../node/model/draft.ts';
import { elementCount } from '../../node/model/element.ts';
import type { Constant, ModelNode } from '../../node/model/model.ts';
import { nodeOf } from '../../node/model/test-models/small-models.ts';

const opset = 17;
const irVersion = 8;

export interface ConvolutionOptions {
  channels: number;
  /** Side of the square kernel. */
  kernel: number;
  stride?: number;
  /** As many groups as channels make it depthwise. */
  groups?: number;
  /** Whether a ReLU or a clip follows: it halves the variance, and the weights make up for it. */
  rectified: boolean;
}

/** A tensor of the network: its name and how many channels it has. */
export interface Features {
  name: string;
  channels: number;
}

/**
 * Writes an image network node by node, as an ONNX model. Weights are random from a seed, of the size that keeps the
 * variance of activations from layer to layer (He et al., https://arxiv.org/abs/1502.01852), so that calibration and
 * circuits meet values like those of a trained network.
 */
export class Network {
  readonly #name: string;
  readonly #input: Features;
  readonly #side: number;
  readonly #nodes: ModelNode[] = [];
  readonly #constants = new Map<string, Constant>();
  readonly #random: ReturnType<typeof xoroshiro128plus>;

  /** @param side rows and columns of the input */
  constructor(name: string, channels: number, side: number, seed: number) {
    this.#name = name;
    this.#input = { name: 'image', channels };
    this.#side = side;
    this.#random = xoroshiro128plus(seed);
  }

  get input(): Features {
    return this.#input;
  }

  /** Keeps rows and columns at stride 1; halves them, rounded up, at stride 2. */
  convolution(
    { name, channels: inputs }: Features,
    { channels, kernel, stride = 1, groups = 1, rectified }: ConvolutionOptions,
  ): Features {
    const output = this.#next('conv');
    const pad = (kernel - 1) / 2;
    const weights = this.#weights(
      output,
      [channels, inputs / groups, kernel, kernel],
      (inputs / groups) * kernel ** 2,
      rectified,
    );
    this.#add('Conv', [name, weights, this.#bias(output, channels)], output, {
      kernel_shape: ints(kernel, kernel),
      strides: ints(stride, stride),
      pads: ints(pad, pad, pad, pad),
      dilations: ints(1, 1),
      group: int(groups),
    });
    return { name: output, channels };
  }

  relu({ name, channels }: Features): Features {
    const output = this.#next('relu');
    this.#add('Relu', [name], output);
    return { name: output, channels };
  }

  clip({ name, channels }: Features, min: number, max: number): Features {
    const output = this.#next('clip');
    const limits = [
      ['min', min],
      ['max', max],
    ] as const;
    const inputs = limits.map(([side, value]) => {
      const constant = `${output}.${side}`;
      this.#constants.set(constant, floatConstant([], Float32Array.of(value)));
      return constant;
    });
    this.#add('Clip', [name, ...inputs], output);
    return { name: output, channels };
  }

  add(a: Features, b: Features): Features {
    const output = this.#next('add');
    this.#add('Add', [a.name, b.name], output);
    return { name: output, channels: a.channels };
  }

  globalAveragePool({ name, channels }: Features): Features {
    const output = this.#next('mean');
    this.#add('GlobalAveragePool', [name], output);
    return { name: output, channels };
  }

  /** Flattens features of one row and column, and gives one value a class. */
  classify({ name, channels }: Features, classes: number): Features {
    const flat = this.#next('flat');
    this.#add('Flatten', [name], flat, { axis: int(1) });
    const output = this.#next('scores');
    const weights = this.#weights(output, [classes, channels], channels, false);
    this.#add('Gemm', [flat, weights, this.#bias(output, classes)], output, {
      alpha: float(1),
      beta: float(1),
      transA: int(0),
      transB: int(1),
    });
    return { name: output, channels: classes };
  }

  /** The model that ends in this tensor. */
  finish({ name }: Features): Draft {
    const { name: input, channels } = this.#input;
    const types = new Map<string, DraftType>([
      [input, { element: 'float32', shape: [1, channels, this.#side, this.#side] }],
      [name, { element: 'float32', shape: undefined }],
    ]);
    return {
      name: this.#name,
      irVersion,
      opsets: new Map([['', opset]]),
      inputs: [input],
      outputs: [name],
      nodes: this.#nodes,
      constants: this.#constants,
      types,
    };
  }

  #next(kind: string): string {
    return `${kind}${this.#nodes.length}`;
  }

  #add(...node: Parameters<typeof nodeOf>): void {
    this.#nodes.push(nodeOf(...node));
  }

  #weights(layer: string, shape: readonly number[], fanIn: number, rectified: boolean): string {
    return this.#constant(`${layer}.weight`, shape, Math.sqrt((rectified ? 6 : 3) / fanIn));
  }

  #bias(layer: string, length: number): string {
    return this.#constant(`${layer}.bias`, [length], 0.1);
  }

  /** Uniform values in [−spread, spread). */
  #constant(name: string, shape: readonly number[], spread: number): string {
    const values = Float32Array.from(
      { length: elementCount(shape) },
      () => spread * (2 * uniformFloat64(this.#random) - 1),
    );
    this.#constants.set(name, floatConstant(shape, values));
    return name;
  }
}
