import { beforeAll, describe, expect, it } from 'vitest';
import { mixedModel } from '../../tests/support/mixed-model.ts';
import type { Model } from '../model/model.ts';
import { type Slicing, slice } from '../model/slice/index.ts';
import { unsupportedByEzkl } from '../provers/ezkl/operators.ts';
import { type NodeSupport, refuseUnprovable, unsupportedNodes } from './provability.ts';

const ezkl: NodeSupport = { unsupported: unsupportedByEzkl };

/** A prover that supports these operators only. */
const proving = (...operators: string[]): NodeSupport => ({
  unsupported: (_model, { name, operator }) =>
    operators.includes(operator)
      ? undefined
      : { node: name, operator, reason: `only ${operators}`, remedy: 'Use another.' },
});

let model: Model;
let slicing: Slicing;
beforeAll(() => {
  model = mixedModel();
  slicing = slice(model, { kind: 'layer' }, () => 1);
});

const nodesOf = (provers: Parameters<typeof unsupportedNodes>[2]) =>
  slicing.segments.map((segment) => unsupportedNodes(model, segment, provers).map(({ node }) => node));

describe('unsupportedNodes', () => {
  it('gives nothing for a segment that one prover supports whole', () => {
    expect(nodesOf([ezkl])).toEqual([[], ['normalise'], []]);
    expect(nodesOf([proving('Conv', 'Add', 'LRN', 'Flatten'), ezkl])).toEqual([[], [], []]);
  });

  it('does not add up provers that each support a part: a segment has one', () => {
    expect(nodesOf([proving('LRN'), ezkl])[1]).toEqual(['normalise']);
  });

  it('names what is left for the prover that lacks least, whatever the order', () => {
    const provers = [proving(), ezkl] as const;
    expect(nodesOf(provers)).toEqual(nodesOf([provers[1], provers[0]]));
  });
});

describe('refuseUnprovable', () => {
  it('lets a model pass that can be proven', () => {
    const all = proving(...model.nodes.map(({ operator }) => operator));
    expect(() => refuseUnprovable(model, slicing, [all])).not.toThrow();
  });

  it('lists every node of every segment, with reason and remedy', () => {
    const lacking = proving('Conv', 'Relu', 'Add', 'Flatten', 'Gemm');
    expect(() => refuseUnprovable(model, slicing, [lacking])).toThrowError(
      expect.objectContaining({
        code: 'UNPROVABLE',
        message: expect.stringMatching(/normalise \(LRN\)[\s\S]*argmax \(ArgMax\)/),
        remedy: 'Use another.',
        details: {
          unsupported: [
            expect.objectContaining({ segment: 'branch', node: 'normalise', operator: 'LRN' }),
            expect.objectContaining({ segment: 'dense', node: 'argmax', operator: 'ArgMax' }),
          ],
        },
      }),
    );
  });
});
