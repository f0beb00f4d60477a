/** A factor: an integer that stands for its residue modulo r. Numbers are safe integers. */
export type Coefficient = number | bigint;

/** Σ coefficient·wire with wires ascending and no zero coefficients; wire 0 is the constant one. */
export interface Linear {
  readonly wires: readonly number[];
  readonly coefficients: readonly Coefficient[];
}

/** The constant one. */
export const ONE = 0;

/** The expression that is one wire. */
export function wireOf(wire: number): Linear {
  return { wires: [wire], coefficients: [1] };
}

/** An expression without wires. */
export function constantOf(value: Coefficient): Linear {
  return new LinearSum().add(ONE, value).finish();
}

function sum(a: Coefficient, b: Coefficient): Coefficient {
  if (typeof a === 'number' && typeof b === 'number' && Number.isSafeInteger(a + b)) return a + b;
  return BigInt(a) + BigInt(b);
}

function product(a: Coefficient, b: Coefficient): Coefficient {
  if (typeof a === 'number' && typeof b === 'number' && Number.isSafeInteger(a * b)) return a * b;
  return BigInt(a) * BigInt(b);
}

/** Collects terms in any order. */
export class LinearSum {
  #wires: number[] = [];
  #coefficients: Coefficient[] = [];
  #ascending = true;

  /** Adds factor·wire. */
  add(wire: number, factor: Coefficient): this {
    const last = this.#wires.length - 1;
    if (last >= 0 && wire <= (this.#wires[last] as number)) this.#ascending = false;
    this.#wires.push(wire);
    this.#coefficients.push(factor);
    return this;
  }

  /** Adds factor·expression. */
  addLinear({ wires, coefficients }: Linear, factor: Coefficient): this {
    for (let i = 0; i < wires.length; i++) {
      this.add(wires[i] as number, product(coefficients[i] as Coefficient, factor));
    }
    return this;
  }

  finish(): Linear {
    if (!this.#ascending) this.#mergeSorted();
    if (this.#coefficients.every((coefficient) => coefficient !== 0 && coefficient !== 0n)) {
      return { wires: this.#wires, coefficients: this.#coefficients };
    }
    const kept = this.#wires
      .map((_, i) => i)
      .filter((i) => BigInt(this.#coefficients[i] as Coefficient) !== 0n);
    return {
      wires: kept.map((i) => this.#wires[i] as number),
      coefficients: kept.map((i) => this.#coefficients[i] as Coefficient),
    };
  }

  #mergeSorted(): void {
    const order = this.#wires
      .map((_, i) => i)
      .sort((a, b) => (this.#wires[a] as number) - (this.#wires[b] as number));
    const wires: number[] = [];
    const coefficients: Coefficient[] = [];
    for (const i of order) {
      const last = wires.length - 1;
      if (last >= 0 && wires[last] === this.#wires[i]) {
        coefficients[last] = sum(coefficients[last] as Coefficient, this.#coefficients[i] as Coefficient);
      } else {
        wires.push(this.#wires[i] as number);
        coefficients.push(this.#coefficients[i] as Coefficient);
      }
    }
    this.#wires = wires;
    this.#coefficients = coefficients;
  }
}

/** a·factorA + b·factorB. */
export function combine(a: Linear, factorA: Coefficient, b: Linear, factorB: Coefficient): Linear {
  return new LinearSum().addLinear(a, factorA).addLinear(b, factorB).finish();
}
