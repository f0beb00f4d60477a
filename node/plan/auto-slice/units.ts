import { TesseraError } from '../../../protocol/errors.ts';
import type { Model, ModelNode } from '../../model/model.ts';
import type { Limits } from '../../model/slice/index.ts';
import { layerNodes, type Tiling } from '../../model/tile/index.ts';
import { type Estimator, fits, groupEstimator, type SegmentEstimate } from './estimator.ts';
import { fewestTiles } from './fewest-tiles.ts';

/** A layer or node that is above a limit however it is divided. */
export interface Oversize {
  name: string;
  least: SegmentEstimate;
}

/** What segments are made of. */
export interface Units {
  /** Nodes' names: a layer with what follows it channel by channel, or a single node; each within the limits. */
  units: readonly (readonly string[])[];
  /** Layers that are above a limit, with the tiles that are not. */
  tilings: readonly Tiling[];
  oversize: readonly Oversize[];
}

/**
 * Divides a model into the smallest pieces that segments are made of. A layer stays whole if it obeys the limits and
 * takes no longer than its nodes by themselves, which other provers may do faster.
 *
 * @throws TesseraError `UNPROVABLE` for a node that no prover supports
 */
export function unitsOf(model: Model, limits: Limits, estimate: Estimator, signal?: AbortSignal): Units {
  const units: string[][] = [];
  const tilings: Tiling[] = [];
  const oversize: Oversize[] = [];
  const indexOf = new Map(model.nodes.map(({ name }, index) => [name, index]));
  const estimateGroup = groupEstimator(model, estimate, signal);
  const estimateOf = (names: readonly string[]) => estimateGroup(names.map((name) => indexOf.get(name) ?? 0));
  const divided = new Set<string>();

  for (const node of model.nodes) {
    if (divided.has(node.name)) continue;
    const layer = layerNodes(model, node.name) ?? [node.name];
    const whole = estimateOf(layer);
    const singles = layer.map((name) => estimateOf([name]));
    const apart = singles.reduce((sum, each) => sum + (each?.seconds ?? Number.POSITIVE_INFINITY), 0);
    const fitApart = singles.every((each) => each !== undefined && fits(each, limits));
    if (whole !== undefined && fits(whole, limits) && (whole.seconds <= apart || !fitApart)) {
      units.push([...layer]);
      for (const name of layer) divided.add(name);
      continue;
    }
    if (whole !== undefined && !fits(whole, limits)) {
      const { tiling, least } = fewestTiles(model, node.name, limits, estimate, signal);
      if (tiling !== undefined) {
        tilings.push(tiling);
        for (const name of layerNodes(model, node.name, tiling.bands) ?? []) divided.add(name);
        continue;
      }
      if (!fitApart) {
        oversize.push({ name: node.name, least: least ?? whole });
        for (const name of layer) divided.add(name);
        continue;
      }
    }
    for (const [index, name] of layer.entries()) {
      const single = singles[index];
      if (single === undefined) throw unprovable(model.nodes[indexOf.get(name) ?? 0]);
      if (fits(single, limits)) units.push([name]);
      else oversize.push({ name, least: single });
      divided.add(name);
    }
  }
  return { units, tilings, oversize };
}

function unprovable(node: ModelNode | undefined): TesseraError {
  return new TesseraError('UNPROVABLE', {
    message: `No installed prover supports node ${node?.name} (${node?.operator})`,
    remedy: 'See which operators are supported, and express the node with these.',
    details: { node: node?.name, operator: node?.operator },
  });
}
