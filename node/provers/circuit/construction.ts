import { TesseraError } from '../../../protocol/errors.ts';
import type { ConstraintWriter } from './language/constraint-writer.ts';
import { combine, wireOf } from './language/linear.ts';
import type { AssignmentStep } from './layout.ts';
import { type LinearTensor, wireTensor } from './linear-tensor.ts';

/** A circuit while its gadgets add to it. */
export class Construction {
  readonly writer: ConstraintWriter;
  readonly steps: AssignmentStep[] = [];
  readonly #tensors = new Map<string, LinearTensor>();

  constructor(writer: ConstraintWriter) {
    this.writer = writer;
  }

  /** The expressions of a tensor that has been constrained. */
  tensor(name: string): LinearTensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) {
      throw new TesseraError('INTERNAL', { message: `Tensor ${name} is used before it is constrained` });
    }
    return tensor;
  }

  define(name: string, tensor: LinearTensor): void {
    this.#tensors.set(name, tensor);
  }

  /**
   * The tensor in rows of at most `maxTerms` terms: as it is, or bound to wires of its own, each held equal to its
   * expression by one constraint, so that no gadget repeats a long expression.
   */
  bound(name: string, maxTerms: number): LinearTensor {
    const tensor = this.tensor(name);
    if (tensor.terms <= maxTerms) return tensor;
    const first = this.writer.wires(tensor.length);
    for (let i = 0; i < tensor.length; i++) {
      this.writer.zero([], combine(tensor.row(i), 1, wireOf(first + i), -1));
    }
    this.steps.push({ kind: 'values', first, tensor: name });
    const wires = wireTensor(first, tensor.length);
    this.define(name, wires);
    return wires;
  }

  /** Defines a tensor as fresh wires, which the caller constrains; the witness gives them the tensor's values. */
  valueWires(name: string, length: number): number {
    const first = this.writer.wires(length);
    this.steps.push({ kind: 'values', first, tensor: name });
    this.define(name, wireTensor(first, length));
    return first;
  }
}
