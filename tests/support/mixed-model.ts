import { floatConstant } from '../../node/model/constant.ts';
import type { Attribute, Model, ModelNode } from '../../node/model/model.ts';
import { branchingModel } from './branching-model.ts';

/** {@link branchingModel} with an operator that ezkl does not prove, and an integer and a constant among its results. */
export function mixedModel(): Model {
  const base = branchingModel();
  const before = base.nodes.findIndex(({ name }) => name === 'flatten');
  return {
    ...base,
    name: 'mixed',
    outputs: ['scores', 'best', 'fixed'],
    nodes: [
      ...base.nodes.slice(0, before),
      node('normalise', 'LRN', 'joined', 'normalised', 'size', 3n),
      ...base.nodes
        .slice(before)
        .map((each) => (each.name === 'flatten' ? { ...each, inputs: ['normalised'] } : each)),
      node('argmax', 'ArgMax', 'scores', 'best', 'axis', 1n),
    ],
    constants: new Map([...base.constants, ['fixed', floatConstant([2], Float32Array.of(1, -2))]]),
    types: new Map([
      ...base.types,
      ['normalised', { element: 'float32', shape: [1, 2, 6, 6] }],
      ['best', { element: 'int64', shape: [1, 1] }],
    ]),
  };
}

function node(
  name: string,
  operator: string,
  input: string,
  output: string,
  attribute: string,
  value: bigint,
): ModelNode {
  const attributes = new Map<string, Attribute>([[attribute, { type: 'int', value }]]);
  return { name, operator, domain: '', inputs: [input], outputs: [output], attributes };
}
