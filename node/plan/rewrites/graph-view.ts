import { capturedTensors, tensorNamer, tensorsRead } from '../../model/import/reads.ts';
import type { Constant, Model, ModelNode, TensorType } from '../../model/model.ts';

/** A model as a rule looks at it: who writes a tensor, and who reads it. */
export class GraphView {
  readonly model: Model;
  readonly #writers = new Map<string, ModelNode>();
  readonly #readers = new Map<string, ModelNode[]>();
  readonly #held: ReadonlySet<string>;
  readonly #nameTensor: (base: string) => string;

  /** @param keep tensors that must stay what they are, besides the model's inputs and outputs */
  constructor(model: Model, keep: ReadonlySet<string>) {
    this.model = model;
    this.#held = new Set([...keep, ...model.inputs, ...model.outputs, ...capturedTensors(model)]);
    this.#nameTensor = tensorNamer(model);
    for (const node of model.nodes) {
      for (const name of node.outputs) if (name !== '') this.#writers.set(name, node);
      for (const name of new Set(tensorsRead(node))) {
        this.#readers.set(name, [...(this.#readers.get(name) ?? []), node]);
      }
    }
  }

  opset(): number {
    return this.model.opsets.get('') ?? 1;
  }

  /** The node that writes a tensor; inputs and constants have none. */
  writer(tensor: string | undefined): ModelNode | undefined {
    return this.#writers.get(tensor ?? '');
  }

  readers(tensor: string): readonly ModelNode[] {
    return this.#readers.get(tensor) ?? [];
  }

  type(tensor: string | undefined): TensorType | undefined {
    return this.model.types.get(tensor ?? '');
  }

  constant(tensor: string | undefined): Constant | undefined {
    return this.model.constants.get(tensor ?? '');
  }

  /** Whether a tensor must stay: it is an input, an output, read by a sub-graph, or was asked to be kept. */
  isHeld(tensor: string): boolean {
    return this.#held.has(tensor);
  }

  /** Whether a tensor may vanish once this node no longer reads it. */
  isReadOnlyBy(tensor: string, node: ModelNode): boolean {
    const readers = this.readers(tensor);
    return !this.isHeld(tensor) && readers.length === 1 && readers[0] === node && once(node.inputs, tensor);
  }

  /** `base`, or a name near it that the model does not use. */
  nameTensor(base: string): string {
    return this.#nameTensor(base);
  }
}

function once(names: readonly string[], name: string): boolean {
  return names.indexOf(name) === names.lastIndexOf(name);
}
