import { describe, expect, it } from 'vitest';
import { encodeCapabilities } from '../../protocol/registration/index.ts';
import { registeredCapabilities } from './registered-capabilities.ts';

const machine = { processor: 'any', cores: 8, memory: 2 ** 34, gpus: ['one'], unitsPerSecond: 2_437_000 };
const limits = { memory: 2 * 2 ** 30 + 1, parallel: 2, price: 7n };

describe('what a worker registers of itself', () => {
  it('is what it lets others use, in round numbers', () => {
    expect(registeredCapabilities(machine, limits, ['ezkl', 'groth16'])).toEqual({
      ...{ cores: 8, memory: 2_048, places: 2, gpus: 1, price: 7n },
      speeds: new Map([
        ['ezkl', 1_200],
        ['groth16', 1_200],
      ]),
    });
    const again = { ...machine, unitsPerSecond: 2_391_000 };
    const [one, two] = [machine, again].map((each) => registeredCapabilities(each, limits, ['ezkl']));
    expect(one).toEqual(two);
  });

  it('is nothing without a prover', () => {
    expect(registeredCapabilities(machine, limits, [])).toBeUndefined();
  });

  it('fits the format whatever the machine is', () => {
    const huge = { ...machine, cores: 10 ** 6, gpus: Array(300).fill('one'), unitsPerSecond: 10 ** 15 };
    const tiny = { ...machine, unitsPerSecond: 1 };
    for (const each of [huge, tiny]) {
      const registered = registeredCapabilities(each, { ...limits, memory: 2 ** 53 }, ['groth16']);
      expect(() => encodeCapabilities(registered)).not.toThrow();
    }
    expect(() =>
      encodeCapabilities(registeredCapabilities(machine, { ...limits, memory: 1 }, ['ezkl'])),
    ).not.toThrow();
  });
});
