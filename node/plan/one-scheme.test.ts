import { describe, expect, it } from 'vitest';
import { mixedModel } from '../../tests/support/mixed-model.ts';
import { slice } from '../model/slice/index.ts';
import type { Prover } from '../provers/prover.ts';
import { cutForOneScheme } from './one-scheme.ts';

type Binding = Pick<Prover, 'binding'>;

const ofKzg: Binding = { binding: { scheme: 'kzg', perSide: true } };
const ofPoseidon2: Binding = { binding: { scheme: 'poseidon2', perSide: false } };
const provers = new Map([
  ['one', ofKzg],
  ['two', ofPoseidon2],
]);
const model = mixedModel();
const slicing = slice(model, { kind: 'parts', count: 3 }, () => 1);

/** Cuts a model where each prover takes this long for a segment; the fastest of those given is taken. */
function cutting(seconds: Readonly<Record<string, (segment: number) => number | undefined>>) {
  const asked: string[][] = [];
  const cutFor = (own: ReadonlyMap<string, Binding>) => {
    asked.push([...own.keys()]);
    return {
      own: [...own.keys()],
      cut: { model, slicing },
      estimate: (_: unknown, { nodes }: { nodes: readonly number[] }) => {
        const index = slicing.segments.findIndex((segment) => segment.nodes === nodes);
        const [best] = [...own.keys()]
          .flatMap((prover) => {
            const time = seconds[prover]?.(index);
            return time === undefined ? [] : [{ prover, seconds: time, constraints: 1, memory: 1 }];
          })
          .sort((a, b) => a.seconds - b.seconds);
        return best;
      },
    };
  };
  return { asked, cutFor };
}

describe('cutForOneScheme', () => {
  it('takes the scheme whose provers are faster in all, not for most segments', () => {
    const { cutFor } = cutting({ one: (i) => (i === 0 ? 1 : 9), two: (i) => (i === 0 ? 12 : 2) });
    expect(cutForOneScheme(provers, cutFor).own).toEqual(['two']);
  });

  it('takes the slower scheme where the faster one cannot prove a segment', () => {
    const { cutFor } = cutting({ one: () => 100, two: (i) => (i === 1 ? undefined : 1) });
    expect(cutForOneScheme(provers, cutFor).own).toEqual(['one']);
  });

  it('leaves the disagreement to be named where neither can prove all', () => {
    const { cutFor } = cutting({
      one: (i) => (i === 0 ? undefined : 1),
      two: (i) => (i === 1 ? undefined : 1),
    });
    expect(cutForOneScheme(provers, cutFor).own).toEqual(['one', 'two']);
  });

  it('cuts once where all provers share a scheme', () => {
    const { asked, cutFor } = cutting({ one: () => 1 });
    cutForOneScheme(new Map([['one', ofKzg]]), cutFor);
    expect(asked).toEqual([['one']]);
  });
});
