import type { Model, ModelNode } from '../model/model.ts';
import { segmentModel } from '../model/slice/index.ts';
import type { Port } from '../provers/prover.ts';
import type { Estimator, SegmentEstimate } from './auto-slice.ts';
import { chooseEzklParams } from './cost-model/choose-ezkl-params.ts';
import { ezklSegmentCost } from './cost-model/ezkl-cost.ts';
import { groth16SegmentCost } from './cost-model/groth16-cost.ts';
import type { SegmentCost } from './cost-model/segment-cost.ts';
import type { NodeSupport } from './provability.ts';

export interface EstimateInit {
  /** By name. */
  provers: ReadonlyMap<string, NodeSupport>;
  /** Fractional bits of ezkl's inputs and weights. */
  scale: number;
}

/** Keys are made once for a model and serve all its proofs: a setup counts by this part. */
const proofsPerKey = 100;

/** What one prover is expected to take for a segment by itself. */
type CostOf = (
  model: Model,
  ports: { inputs: readonly Port['scheme'][]; outputs: readonly Port['scheme'][] },
  scale: number,
) => SegmentCost;

const costs: Readonly<Record<string, CostOf>> = {
  ezkl: (model, ports, scale) =>
    ezklSegmentCost(model, ports, chooseEzklParams([{ model, ports }], { scale })),
  groth16: (model) => groth16SegmentCost(model),
};

/**
 * Estimates segments by the cost model: for each, the prover that is expected to be fastest among those that support
 * all of its nodes. Edges inside the model count as committed, its own inputs and outputs as public.
 */
export function segmentEstimator({ provers, scale }: EstimateInit): Estimator {
  const support = new Map<ModelNode, ReadonlySet<string>>();
  const supporting = (model: Model, node: ModelNode): ReadonlySet<string> => {
    const known = support.get(node);
    if (known !== undefined) return known;
    const found = new Set(
      [...provers]
        .filter(([, prover]) => prover.unsupported(model, node) === undefined)
        .map(([name]) => name),
    );
    support.set(node, found);
    return found;
  };
  return (model, segment) => {
    const nodes = segment.nodes.map((index) => model.nodes[index] as ModelNode);
    const able = [...provers.keys()].filter((name) =>
      nodes.every((node) => supporting(model, node).has(name)),
    );
    const own = segmentModel(model, { id: 'estimated', ...segment });
    const ports = {
      inputs: own.inputs.map((name) => schemeOf(model.inputs.includes(name))),
      outputs: own.outputs.map((name) => schemeOf(model.outputs.includes(name))),
    };
    const estimates = able.flatMap((name): SegmentEstimate[] => {
      const cost = costs[name]?.(own, ports, scale);
      return cost === undefined ? [] : [estimateOf(cost)];
    });
    return estimates.sort((a, b) => a.seconds - b.seconds)[0];
  };
}

const schemeOf = (whole: boolean): Port['scheme'] => (whole ? 'public' : 'kzg');

function estimateOf(cost: SegmentCost): SegmentEstimate {
  return {
    prover: cost.prover,
    constraints: cost.constraints,
    memory: Math.max(cost.setupBytes, cost.proveBytes),
    seconds: cost.proveSeconds + cost.setupSeconds / proofsPerKey,
  };
}
