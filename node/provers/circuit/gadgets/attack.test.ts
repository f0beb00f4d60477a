import { describe, expect, it } from 'vitest';
import type { Operation, QuantisedModel } from '../../../../protocol/arithmetic/model.ts';
import { operatorOf } from '../../../../protocol/arithmetic/operations/index.ts';
import { commitmentDomain, commitmentElement } from '../../../../protocol/poseidon2/commitment.ts';
import { FIELD_ORDER } from '../../../../protocol/poseidon2/constants.ts';
import { permute, type State } from '../../../../protocol/poseidon2/permutation.ts';
import { type CompiledCircuit, compileCircuit } from '../compile.ts';
import { FIELD_BYTES, readField, writeField } from '../language/field-bytes.ts';
import { firstViolation, type Violation } from '../language/satisfied.ts';
import type { AssignmentStep } from '../layout.ts';
import type { PortBinding } from '../ports.ts';
import { generateWitness } from '../witness.ts';

/** A model of one operation on one input. */
function single(operation: Operation, shape: readonly number[], lo: number, hi: number): QuantisedModel {
  const input = { shape, scale: 0, lo, hi };
  const operator = operatorOf(operation);
  const outputShape = operator.shape(operation, [input]);
  const bounds = operator.bounds(operation, [input], outputShape);
  return {
    inputs: ['x'],
    outputs: ['y'],
    tensors: new Map([
      ['x', input],
      ['y', { shape: outputShape, scale: 0, lo: bounds.lo, hi: bounds.hi }],
    ]),
    nodes: [{ name: 'node', operation, inputs: ['x'], output: 'y' }],
  };
}

const publicly: PortBinding = { scheme: 'public' };

function compile(model: QuantisedModel, binding: PortBinding = publicly): CompiledCircuit {
  const port = (name: string) => {
    const tensor = model.tensors.get(name);
    if (tensor === undefined) throw new Error(`no tensor ${name}`);
    return { lo: tensor.lo, hi: tensor.hi, binding };
  };
  return compileCircuit(model, { inputs: model.inputs.map(port), outputs: model.outputs.map(port) });
}

function honest(circuit: CompiledCircuit, values: readonly number[]): Uint8Array {
  const { bytes } = generateWitness(circuit, { inputs: [Float64Array.from(values)], context: 9n });
  expect(firstViolation(circuit.constraints, bytes)).toBeUndefined();
  return bytes;
}

/** What the constraints say once the prover has changed some wires. */
function forged(
  circuit: CompiledCircuit,
  witness: Uint8Array,
  changes: Readonly<Record<number, bigint>>,
): Violation | undefined {
  const copy = Uint8Array.from(witness);
  const view = new DataView(copy.buffer);
  for (const [wire, value] of Object.entries(changes)) writeField(view, Number(wire) * FIELD_BYTES, value);
  return firstViolation(circuit.constraints, copy);
}

function held(witness: Uint8Array, wire: number): bigint {
  return readField(new DataView(witness.buffer), wire * FIELD_BYTES);
}

function stepOf<Kind extends AssignmentStep['kind']>(circuit: CompiledCircuit, kind: Kind) {
  const step = circuit.layout.steps.find((candidate) => candidate.kind === kind);
  if (step === undefined) throw new Error(`no ${kind} step`);
  return step as Extract<AssignmentStep, { kind: Kind }>;
}

function valuesOf(circuit: CompiledCircuit, tensor: string, afterPublic: boolean): number {
  const publicCount = circuit.layout.publicInputs.reduce((sum, { count }) => sum + count, 0);
  const step = circuit.layout.steps.find(
    (candidate) =>
      candidate.kind === 'values' &&
      candidate.tensor === tensor &&
      candidate.first > publicCount === afterPublic,
  );
  if (step?.kind !== 'values') throw new Error(`no wires of ${tensor}`);
  return step.first;
}

const inverse = (value: bigint): bigint => {
  let [result, base, exponent] = [1n, value % FIELD_ORDER, FIELD_ORDER - 2n];
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % FIELD_ORDER;
    base = (base * base) % FIELD_ORDER;
  }
  return result;
};

describe('rescaling', () => {
  const circuit = compile(single({ kind: 'requantise', shift: 3, bits: 5, rectify: false }, [2], -256, 255));
  // ⌊(100 + 4) / 8⌋ = 13 and ⌊(−100 + 4) / 8⌋ = −12, both with remainder 0.
  const witness = honest(circuit, [100, -100]);
  const own = valuesOf(circuit, 'y', true);
  const shown = valuesOf(circuit, 'y', false);
  const claim = (element: number, quotient: bigint) =>
    forged(circuit, witness, { [own + element]: quotient, [shown + element]: quotient });

  it('gives the rounded quotient', () => {
    expect([held(witness, own), held(witness, own + 1)]).toEqual([13n, FIELD_ORDER - 12n]);
  });

  it('refuses a quotient one off, whose remainder would be negative or too large', () => {
    expect(claim(0, 14n)?.kind).toBe('range');
    expect(claim(0, 12n)?.kind).toBe('range');
    expect(claim(1, -11n)?.kind).toBe('range');
    expect(claim(1, -13n)?.kind).toBe('range');
  });

  it('refuses a quotient modulo r that fits a wrong remainder in range', () => {
    for (let remainder = 1n; remainder < 8n; remainder++) {
      const quotient = ((100n + 4n - remainder + FIELD_ORDER) * inverse(8n)) % FIELD_ORDER;
      expect(claim(0, quotient)?.kind).toBe('range');
    }
  });

  it('has no witness for a value beyond its width', () => {
    expect(() => generateWitness(circuit, { inputs: [Float64Array.of(255, 0)], context: 0n })).toThrow(
      expect.objectContaining({ code: 'RANGE_EXCEEDED' }),
    );
  });
});

describe('ReLU', () => {
  for (const shift of [0, 3]) {
    const circuit = compile(single({ kind: 'requantise', shift, bits: 9, rectify: true }, [2], -256, 255));
    const witness = honest(circuit, [100, -100]);
    const own = valuesOf(circuit, 'y', true);
    const shown = valuesOf(circuit, 'y', false);

    it(`is the value or zero (shift ${shift})`, () => {
      expect([held(witness, own), held(witness, own + 1)]).toEqual([shift === 0 ? 100n : 13n, 0n]);
    });

    it(`refuses to pass a negative value (shift ${shift})`, () => {
      const negative = shift === 0 ? -100n : -12n;
      expect(forged(circuit, witness, { [own + 1]: negative, [shown + 1]: negative })?.kind).toBe('range');
    });

    it(`refuses to drop a positive value (shift ${shift})`, () => {
      expect(forged(circuit, witness, { [own]: 0n, [shown]: 0n })?.kind).toBe('range');
    });

    it(`refuses an output that is neither the value nor zero, or minus the value (shift ${shift})`, () => {
      const value = shift === 0 ? 100n : 13n;
      for (const other of [value + 1n, value - 1n, -value, value * inverse(2n)]) {
        expect(forged(circuit, witness, { [own]: other, [shown]: other })?.kind).toBe('zero');
      }
      for (const other of [1n, -1n, value]) {
        expect(forged(circuit, witness, { [own + 1]: other, [shown + 1]: other })?.kind).toBe('zero');
      }
    });

    it(`has no witness at the lower limit, which no check of its magnitude holds (shift ${shift})`, () => {
      const narrow = compile(single({ kind: 'requantise', shift, bits: 4, rectify: true }, [1], -256, 255));
      const unit = 2 ** shift;
      expect(honest(narrow, [-15 * unit])).toBeDefined();
      expect(() => generateWitness(narrow, { inputs: [Float64Array.of(-16 * unit)], context: 0n })).toThrow(
        expect.objectContaining({ code: 'RANGE_EXCEEDED' }),
      );
    });
  }

  it('refuses another quotient before the ReLU', () => {
    const circuit = compile(single({ kind: 'requantise', shift: 3, bits: 9, rectify: true }, [1], -256, 255));
    const witness = honest(circuit, [-100]);
    const { first } = stepOf(circuit, 'quotients');
    expect(forged(circuit, witness, { [first]: -13n })?.kind).toBe('range');
    // A fraction that leaves a remainder in range, and that a ReLU would hide, is not small.
    for (let remainder = 1n; remainder < 8n; remainder++) {
      const quotient = ((-100n + 4n - remainder + FIELD_ORDER) * inverse(8n)) % FIELD_ORDER;
      expect(forged(circuit, witness, { [first]: quotient })?.kind).toBe('range');
    }
  });
});

describe('maximum', () => {
  const operation: Operation = {
    kind: 'maximum',
    axis: 0,
    kernel: 3,
    stride: 3,
    dilation: 1,
    pad: 0,
    positions: 1,
    bits: 9,
  };
  const circuit = compile(single(operation, [3], -256, 255));
  const witness = honest(circuit, [-7, 40, 12]);
  const { first } = stepOf(circuit, 'maximum');
  const shown = valuesOf(circuit, 'y', false);
  // The winners: of −7 and 40, then of that and 12.
  const own = first + 1;

  it('is the largest', () => {
    expect(held(witness, own)).toBe(40n);
  });

  it('refuses an element of the window that is not the largest', () => {
    // The first comparison (−7 with 40) is decided the other way, and the second (−7 with 12) then truthfully.
    expect(forged(circuit, witness, { [first]: -7n, [own]: 12n, [shown]: 12n })?.kind).toBe('range');
    // The first truthfully, and the second (40 with 12) the other way.
    expect(forged(circuit, witness, { [own]: 12n, [shown]: 12n })?.kind).toBe('range');
  });

  it('refuses a value that is not in the window: above all, between, or the mean that balances two', () => {
    for (const other of [41n, 39n, 13n, 26n]) {
      expect(forged(circuit, witness, { [own]: other, [shown]: other })?.kind).toBe('zero');
    }
    expect(forged(circuit, witness, { [shown]: 41n })?.kind).toBe('zero');
  });

  it('has no witness where a difference reaches its width', () => {
    const narrow = compile(single({ ...operation, bits: 4 }, [3], -256, 255));
    expect(held(honest(narrow, [0, 15, 1]), valuesOf(narrow, 'y', false))).toBe(15n);
    for (const values of [
      [0, 16, 1],
      [16, 0, 1],
    ]) {
      expect(() => generateWitness(narrow, { inputs: [Float64Array.from(values)], context: 0n })).toThrow(
        expect.objectContaining({ code: 'RANGE_EXCEEDED' }),
      );
    }
  });
});

describe('linear layers', () => {
  const matrix: Operation = {
    kind: 'matrix',
    inner: 2,
    outer: 1,
    weights: Int32Array.of(3, -5),
    bias: Float64Array.of(7),
  };
  const circuit = compile(single(matrix, [1, 2], -128, 127));
  const witness = honest(circuit, [10, 20]);
  const shown = valuesOf(circuit, 'y', false);

  it('refuses another sum, and one that wrapped around', () => {
    expect(held(witness, shown)).toBe(FIELD_ORDER - 63n);
    const own = valuesOf(circuit, 'y', true);
    expect(forged(circuit, witness, { [shown]: -62n, [own]: -62n })?.kind).toBe('zero');
    expect(forged(circuit, witness, { [shown]: 63n, [own]: 63n })?.kind).toBe('zero');
  });

  it('refuses inputs outside the interval whose sum would wrap around to the same', () => {
    const x = 1n << 200n;
    const y = (3n * (x - 10n) * inverse(5n) + 20n) % FIELD_ORDER;
    const input = circuit.layout.publicInputs[1]?.first ?? 0;
    expect(forged(circuit, witness, { [input]: x, [input + 1]: y })?.kind).toBe('range');
  });

  it('refuses to compile weights whose sum could leave the exact integers', () => {
    const heavy: Operation = { ...matrix, weights: Int32Array.of(2 ** 30, 2 ** 30) };
    expect(() => single(heavy, [1, 2], -(2 ** 24), 2 ** 24)).toThrow(
      expect.objectContaining({ code: 'RANGE_EXCEEDED' }),
    );
  });
});

describe('sums of sums', () => {
  it('compile in time that does not double with each, and still refuse another sum', () => {
    const depth = 40;
    const names = Array.from({ length: depth + 1 }, (_, i) => `t${i}`);
    const tensors = new Map(
      names.map((name, i) => [name, { shape: [1], scale: 0, lo: -(2 ** i), hi: 2 ** i - 1 }] as const),
    );
    const twice: Operation = { kind: 'affine', terms: [{ factor: 1 }, { factor: 1 }], bias: 0, shape: [1] };
    const nodes = names.slice(1).map((output, i) => ({
      name: output,
      operation: twice,
      inputs: [`t${i}`, `t${i}`],
      output,
    }));
    const circuit = compile({ inputs: ['t0'], outputs: [`t${depth}`], tensors, nodes });
    const witness = honest(circuit, [-1]);
    const shown = valuesOf(circuit, `t${depth}`, false);
    expect(held(witness, shown)).toBe(FIELD_ORDER - 2n ** 40n);
    expect(forged(circuit, witness, { [shown]: -(2n ** 40n) + 1n })?.kind).toBe('zero');
  });
});

describe('product', () => {
  it('refuses another product', () => {
    const operation: Operation = {
      kind: 'product',
      left: Int32Array.of(0),
      right: Int32Array.of(1),
      shape: [1],
    };
    const base = single({ kind: 'requantise', shift: 0, bits: 8, rectify: false }, [2], -128, 127);
    const tensors = new Map([
      ...base.tensors,
      ['y', { shape: [1], scale: 0, lo: -16256, hi: 16384 }] as const,
    ]);
    const nodes = [{ name: 'node', operation, inputs: ['x', 'x'], output: 'y' }];
    const circuit = compile({ ...base, tensors, nodes });
    const witness = honest(circuit, [-9, 11]);
    const own = valuesOf(circuit, 'y', true);
    const shown = valuesOf(circuit, 'y', false);
    expect(held(witness, own)).toBe(FIELD_ORDER - 99n);
    expect(forged(circuit, witness, { [own]: 99n, [shown]: 99n })?.kind).toBe('zero');
  });
});

describe('context', () => {
  it('refuses a proof made for another context', () => {
    const circuit = compile(single({ kind: 'requantise', shift: 0, bits: 4, rectify: true }, [1], -8, 7));
    const witness = honest(circuit, [3]);
    expect(held(witness, 1)).toBe(9n);
    expect(forged(circuit, witness, { 1: 10n })).toMatchObject({ kind: 'zero' });
  });
});

describe('committed edges', () => {
  const identity: Operation = { kind: 'rearrange', from: Int32Array.of(0, 1, 2, 3), fill: 0, shape: [4] };
  const type = { shape: [4], signed: true, scale: 0, interval: { lo: -32768n, hi: 32767n } };
  const model = single(identity, [4], -32768, 32767);
  const domain = commitmentDomain(type, false);
  const circuit = compile(model, { scheme: 'poseidon2', domain, blinded: false });
  const values = [-1, 0, 32767, -32768];
  const witness = honest(circuit, values);
  const input = valuesOf(circuit, 'x', true);
  const [inPort, outPort] = circuit.layout.steps.filter((step) => step.kind === 'commitment');

  /** Values, both commitments and all states as an attacker would choose them: consistent but for the intervals. */
  function committedTo(elements: readonly bigint[]): Violation | undefined {
    const packed = elements.reduce((sum, value, i) => sum + (value + 32768n) * (1n << BigInt(16 * i)), 0n);
    const reduced = ((packed % FIELD_ORDER) + FIELD_ORDER) % FIELD_ORDER;
    const state = permute([reduced, 0n, 0n, domain] as State);
    const changes: Record<number, bigint> = {};
    elements.forEach((value, i) => {
      changes[input + i] = value;
    });
    for (const port of [inPort, outPort]) {
      if (port?.kind !== 'commitment') throw new Error('no commitment');
      state.forEach((lane, i) => {
        changes[port.states + i] = lane;
      });
      changes[port.public] = state[0];
    }
    return forged(circuit, witness, changes);
  }

  it('are what the edge scheme says', () => {
    const expected = commitmentElement(type, values.map(BigInt));
    expect(held(witness, 2)).toBe(expected);
    expect(held(witness, 3)).toBe(expected);
  });

  it('accept another tensor within the interval, so that the refusals below are for the interval', () => {
    expect(committedTo([5n, 6n, 7n, 8n])).toBeUndefined();
  });

  it('refuse borrowing between packed values', () => {
    // The same field element as [−1, 0, …], with 2^16 moved from the second value to the first.
    expect(committedTo([-1n + 65536n, -1n, 32767n, -32768n])?.kind).toBe('range');
  });

  it('refuse −1 written as 2^16 − 1', () => {
    expect(committedTo([65535n, 0n, 32767n, -32768n])?.kind).toBe('range');
  });

  it('refuse one above and one below the interval', () => {
    expect(committedTo([32768n, 0n, 0n, 0n])?.kind).toBe('range');
    expect(committedTo([-32769n, 0n, 0n, 0n])?.kind).toBe('range');
  });

  it('refuse a changed commitment, and lanes that are not the permutation', () => {
    expect(forged(circuit, witness, { 2: held(witness, 2) + 1n })?.kind).toBe('zero');
    if (inPort?.kind !== 'commitment') throw new Error('no commitment');
    expect(forged(circuit, witness, { [inPort.states + 1]: 0n })?.kind).toBe('permute');
  });

  it('hold an interval that is no power of two exactly', () => {
    const narrow = single(identity, [4], -3, 6);
    const port = { lo: -3, hi: 6, binding: publicly };
    const compiled = compileCircuit(narrow, { inputs: [port], outputs: [port] });
    const honestWitness = honest(compiled, [-3, 6, 0, 1]);
    const first = compiled.layout.publicInputs[1]?.first ?? 0;
    const shown = compiled.layout.publicInputs[2]?.first ?? 0;
    for (const value of [7n, -4n]) {
      expect(forged(compiled, honestWitness, { [first]: value, [shown]: value })?.kind).toBe('range');
    }
    expect(forged(compiled, honestWitness, { [first]: 5n, [shown]: 5n })).toBeUndefined();
  });

  it('hide behind a blinding value that the sponge absorbs first', () => {
    const blindDomain = commitmentDomain(type, true);
    const blind = compile(model, { scheme: 'poseidon2', domain: blindDomain, blinded: true });
    const execution = { inputs: [Float64Array.from(values)], context: 0n };
    const { bytes, publicInputs } = generateWitness(blind, {
      ...execution,
      blindings: { inputs: [5n], outputs: [6n] },
    });
    expect(firstViolation(blind.constraints, bytes)).toBeUndefined();
    expect(publicInputs).toEqual([
      0n,
      commitmentElement(type, values.map(BigInt), 5n),
      commitmentElement(type, values.map(BigInt), 6n),
    ]);
    expect(() => generateWitness(blind, execution)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }),
    );
  });
});

describe('small circuits', () => {
  const range = (lo: number, hi: number) => Array.from({ length: hi - lo + 1 }, (_, i) => lo + i);

  it('have one witness for a maximum: of ties, of the interval’s bounds, in any order', () => {
    const kernel = { axis: 0, kernel: 3, stride: 3, dilation: 1, pad: 0, positions: 1 };
    const circuit = compile(single({ kind: 'maximum', ...kernel, bits: 3 }, [3], -4, 3));
    const { first } = stepOf(circuit, 'maximum');
    const shown = valuesOf(circuit, 'y', false);
    for (const values of [
      ...[
        [0, 0, 0],
        [-4, -4, -4],
        [3, 3, 3],
        [3, 3, -4],
        [3, -4, 3],
        [-4, 3, 3],
        [-4, -4, 3],
      ],
      ...[
        [3, -4, -4],
        [-4, 3, -4],
        [-1, 0, 1],
        [1, 0, -1],
        [0, 0, 1],
        [0, -1, 0],
      ],
    ]) {
      const witness = honest(circuit, values);
      const accepted = range(-5, 4).flatMap((one) =>
        range(-5, 4).flatMap((two) => {
          const changes = { [first]: BigInt(one), [first + 1]: BigInt(two), [shown]: BigInt(two) };
          return forged(circuit, witness, changes) === undefined ? [[one, two]] : [];
        }),
      );
      expect(accepted).toEqual([[Math.max(...values.slice(0, 2)), Math.max(...values)]]);
    }
  });

  it('have one witness for a rescaled ReLU, from bound to bound', () => {
    const operation = { kind: 'requantise', shift: 2, bits: 3, rectify: true } as const;
    const circuit = compile(single(operation, [1], -32, 31));
    const { first } = stepOf(circuit, 'quotients');
    const [own, shown] = [valuesOf(circuit, 'y', true), valuesOf(circuit, 'y', false)];
    for (const value of range(-30, 29)) {
      const witness = honest(circuit, [value]);
      const accepted = range(-9, 9).flatMap((quotient) =>
        range(-9, 9).flatMap((output) => {
          const changes = { [first]: BigInt(quotient), [own]: BigInt(output), [shown]: BigInt(output) };
          return forged(circuit, witness, changes) === undefined ? [[quotient, output]] : [];
        }),
      );
      const quotient = Math.floor((value + 2) / 4);
      expect(accepted).toEqual([[quotient, Math.max(quotient, 0)]]);
    }
  });
});

describe('every wire', () => {
  it('is held by a constraint: changing any one alone is refused', () => {
    const operation: Operation = {
      kind: 'maximum',
      axis: 0,
      kernel: 2,
      stride: 2,
      dilation: 1,
      pad: 0,
      positions: 2,
      bits: 9,
    };
    const base = single(operation, [4], -128, 127);
    const tensors = new Map([...base.tensors, ['z', { shape: [2], scale: -2, lo: 0, hi: 31 }] as const]);
    const nodes = [
      ...base.nodes,
      {
        name: 'rescale',
        operation: { kind: 'requantise', shift: 2, bits: 5, rectify: true } as const,
        inputs: ['y'],
        output: 'z',
      },
    ];
    const circuit = compile(
      { ...base, tensors, nodes, outputs: ['z'] },
      { scheme: 'poseidon2', domain: 3n, blinded: false },
    );
    const witness = honest(circuit, [50, -70, -30, -20]);
    for (let wire = 1; wire < circuit.layout.wires; wire++) {
      expect(forged(circuit, witness, { [wire]: held(witness, wire) + 1n }), `wire ${wire}`).toBeDefined();
    }
  });
});
