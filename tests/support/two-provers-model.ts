import type { Model } from '../../node/model/model.ts';
import { branchingModel } from './branching-model.ts';

/** {@link branchingModel} with the magnitude of its sum, which ezkl proves and Tessera's own circuits do not. */
export function twoProversModel(): Model {
  const base = branchingModel();
  const before = base.nodes.findIndex(({ name }) => name === 'flatten');
  const magnitude = {
    name: 'magnitude',
    operator: 'Abs',
    domain: '',
    inputs: ['joined'],
    outputs: ['magnitudes'],
    attributes: new Map(),
  };
  return {
    ...base,
    name: 'two-provers',
    nodes: [
      ...base.nodes.slice(0, before),
      magnitude,
      ...base.nodes
        .slice(before)
        .map((each) => (each.name === 'flatten' ? { ...each, inputs: ['magnitudes'] } : each)),
    ],
    types: new Map([...base.types, ['magnitudes', { element: 'float32', shape: [1, 2, 6, 6] }]]),
  };
}
