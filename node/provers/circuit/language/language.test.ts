import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FIELD_ORDER } from '../../../../protocol/poseidon2/constants.ts';
import { readConstraints } from './constraint-reader.ts';
import { ConstraintWriter } from './constraint-writer.ts';
import { FIELD_BYTES, readField, reduce, writeField, writeSmall } from './field-bytes.ts';
import { LinearSum, ONE, wireOf } from './linear.ts';
import { firstViolation } from './satisfied.ts';

function witnessOf(values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(values.length * FIELD_BYTES);
  values.forEach((value, i) => {
    writeField(new DataView(bytes.buffer), i * FIELD_BYTES, value);
  });
  return bytes;
}

describe('linear expressions', () => {
  it('are sums in any order, with equal wires merged and zeros dropped', () => {
    const sum = new LinearSum()
      .add(5, 2)
      .add(3, 4)
      .add(5, -2)
      .add(ONE, 7)
      .add(3, 1n << 60n);
    expect(sum.finish()).toEqual({ wires: [ONE, 3], coefficients: [7, (1n << 60n) + 4n] });
  });

  it('keep coefficients exact beyond the safe integers', () => {
    const large = Number.MAX_SAFE_INTEGER;
    const { coefficients } = new LinearSum().addLinear({ wires: [1], coefficients: [large] }, large).finish();
    expect(coefficients).toEqual([BigInt(large) ** 2n]);
  });
});

describe('field elements', () => {
  it('are written without big integers as with them', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const view = new DataView(new ArrayBuffer(FIELD_BYTES));
        writeSmall(view, 0, value);
        expect(readField(view, 0)).toBe(reduce(BigInt(value)));
      }),
    );
  });
});

describe('the binary form', () => {
  it('is the one that FORMAT.md lays out', () => {
    const writer = new ConstraintWriter(1);
    const product = writer.wires(1);
    writer.zero([[wireOf(1), wireOf(1)]], { wires: [product], coefficients: [-1] });
    writer.range(8, new LinearSum().add(ONE, 3).add(1, 1).finish());
    const table = [1n, FIELD_ORDER - 1n, 3n];
    expect([...writer.finish()]).toEqual([
      ...new TextEncoder().encode('TSCS'),
      ...[1, 1, 3, 3],
      ...witnessOf(table),
      2,
      // zero, one product: (w1)(w1), then −w2
      ...[0, 1, 1, 1, 0, 1, 1, 0, 1, 2, 1],
      // range of 8 bits: 3 + w1
      ...[1, 8, 2, 0, 2, 1, 0],
    ]);
  });

  it('reads back wires and multi-byte numbers', () => {
    const writer = new ConstraintWriter(0);
    const first = writer.wires(70_000);
    writer.zero([], { wires: [first, first + 200, first + 69_999], coefficients: [1, 100_000, 1n << 200n] });
    const system = readConstraints(writer.finish());
    const [instruction] = [...system.instructions()];
    if (instruction?.kind !== 'zero') throw new Error('another instruction');
    expect([...instruction.rest.wires]).toEqual([1, 201, 70_000]);
    expect([...instruction.rest.indices].map((index) => system.coefficients[index])).toEqual([
      1n,
      100_000n,
      1n << 200n,
    ]);
  });

  it('refuses every truncation and every trailing byte', () => {
    const writer = new ConstraintWriter(1);
    writer.permute([wireOf(1), wireOf(0), wireOf(0), wireOf(1)], writer.wires(4));
    writer.range(3, wireOf(2));
    const bytes = writer.finish();
    const readAll = (input: Uint8Array) => () => [...readConstraints(input).instructions()];
    expect(readAll(bytes)()).toHaveLength(2);
    for (let length = 0; length < bytes.length; length++) {
      expect(readAll(bytes.subarray(0, length)), `${length} bytes`).toThrow(
        expect.objectContaining({ code: 'ENCODING_INVALID' }),
      );
    }
    expect(readAll(Uint8Array.of(...bytes, 0))).toThrow(
      expect.objectContaining({ code: 'ENCODING_INVALID' }),
    );
  });

  it('refuses whatever else hostile bytes say, with its own error', () => {
    const writer = new ConstraintWriter(2);
    const wire = writer.wires(6);
    writer.zero([[wireOf(1), wireOf(2)]], { wires: [wire, wire + 1], coefficients: [5, -7] });
    writer.permute([wireOf(1), wireOf(2), wireOf(wire), wireOf(0)], wire + 2);
    const bytes = writer.finish();
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const damaged = Uint8Array.from(bytes);
        damaged[at] = value;
        try {
          for (const instruction of readConstraints(damaged).instructions())
            expect(instruction.kind).toBeDefined();
        } catch (error) {
          expect(error).toMatchObject({ code: 'ENCODING_INVALID' });
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the checker', () => {
  const writer = new ConstraintWriter(1);
  const wire = writer.wires(1);
  writer.range(4, { wires: [1], coefficients: [1] });
  writer.zero([[wireOf(1), wireOf(1)]], { wires: [wire], coefficients: [-1] });
  const constraints = writer.finish();

  it('accepts what holds and names the first assertion that does not', () => {
    expect(firstViolation(constraints, witnessOf([1n, 15n, 225n]))).toBeUndefined();
    expect(firstViolation(constraints, witnessOf([1n, 16n, 256n]))).toMatchObject({
      instruction: 0,
      kind: 'range',
    });
    expect(firstViolation(constraints, witnessOf([1n, 15n, 224n]))).toMatchObject({
      instruction: 1,
      kind: 'zero',
    });
    expect(firstViolation(constraints, witnessOf([1n, -1n, 1n]))).toMatchObject({ instruction: 0 });
  });

  it('refuses a witness of the wrong length, without the constant one, or beyond r', () => {
    expect(firstViolation(constraints, witnessOf([1n, 15n]))?.kind).toBe('witness');
    expect(firstViolation(constraints, witnessOf([2n, 15n, 225n]))?.kind).toBe('witness');
    const aliased = witnessOf([1n, 15n, 225n]);
    new DataView(aliased.buffer).setBigUint64(FIELD_BYTES, 0xffffffffffffffffn);
    expect(firstViolation(constraints, aliased)?.kind).toBe('witness');
  });
});
