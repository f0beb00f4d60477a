import { TesseraError } from '../../../protocol/errors.ts';
import type { Model, ModelNode } from '../../model/model.ts';
import type { Limits } from '../../model/slice/index.ts';
import { layerOf, type TiledModel, type Tiling, tileModel } from '../../model/tile/index.ts';
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
  const divider = new Divider(model, limits, estimate, signal);
  for (const node of model.nodes) divider.addLayer(node);
  for (const node of model.nodes) divider.addNode(node);
  return divider;
}

class Divider implements Units {
  readonly units: string[][] = [];
  readonly tilings: Tiling[] = [];
  readonly oversize: Oversize[] = [];
  readonly #model: Model;
  readonly #limits: Limits;
  readonly #estimate: Estimator;
  readonly #signal: AbortSignal | undefined;
  /** Nodes that are in a unit or a tile already. */
  readonly #done = new Set<ModelNode>();
  /** Estimates nodes by name, in the model with the tiles so far: joining blocks costs something too. */
  #estimateNames: (names: readonly string[]) => SegmentEstimate | undefined;

  constructor(model: Model, limits: Limits, estimate: Estimator, signal: AbortSignal | undefined) {
    this.#model = model;
    this.#limits = limits;
    this.#estimate = estimate;
    this.#signal = signal;
    this.#estimateNames = this.#nameEstimator();
  }

  /** Keeps a layer whole or divides it into tiles; leaves its nodes for `addNode` where they are faster apart. */
  addLayer(node: ModelNode): void {
    const layer = layerOf(this.#model, node.name, false);
    if (layer === undefined) return;
    const whole = this.#estimateOf(layer.nodes);
    if (whole === undefined) return;
    const singles = layer.nodes.map((each) => this.#estimateOf([each]));
    const apart = singles.every((each) => each !== undefined && fits(each, this.#limits))
      ? singles.reduce((sum, each) => sum + (each?.seconds ?? 0), 0)
      : undefined;
    if (fits(whole, this.#limits)) {
      if (apart === undefined || whole.seconds <= apart) this.#keep(layer.nodes);
      return;
    }
    const { tiling, seconds, least } = fewestTiles(
      { model: this.#model, earlier: this.tilings, layer: node.name },
      this.#limits,
      this.#estimate,
      this.#signal,
    );
    if (tiling !== undefined && (seconds ?? 0) < (apart ?? Number.POSITIVE_INFINITY)) {
      const divided = layerOf(this.#model, node.name, (tiling.bands ?? 1) > 1) ?? layer;
      this.tilings.push(tiling);
      this.#estimateNames = this.#nameEstimator();
      this.#finish([...divided.before, ...divided.nodes]);
    } else if (apart === undefined) {
      this.oversize.push({ name: node.name, least: least ?? whole });
      this.#finish(layer.nodes);
    }
  }

  addNode(node: ModelNode): void {
    if (this.#done.has(node)) return;
    const least = this.#estimateOf([node]);
    if (least === undefined) throw unprovable(node);
    if (fits(least, this.#limits)) this.#keep([node]);
    else this.oversize.push({ name: node.name, least });
  }

  #nameEstimator(): (names: readonly string[]) => SegmentEstimate | undefined {
    const tiled = tileModel(this.#model, this.tilings);
    const placed = withJoints(tiled);
    const estimateGroup = groupEstimator(tiled.model, this.#estimate, this.#signal);
    return (names) => estimateGroup(names.flatMap((name) => placed.get(name) ?? []));
  }

  #estimateOf(nodes: readonly ModelNode[]): SegmentEstimate | undefined {
    return this.#estimateNames(nodes.map(({ name }) => name));
  }

  #keep(nodes: readonly ModelNode[]): void {
    this.units.push(nodes.map(({ name }) => name));
    this.#finish(nodes);
  }

  #finish(nodes: readonly ModelNode[]): void {
    for (const node of nodes) this.#done.add(node);
  }
}

/** The indices of every node of a tiled model, by its name, with those that join blocks for it before it. */
export function withJoints({ model, joints }: TiledModel): ReadonlyMap<string, readonly number[]> {
  const joining = new Map(joints.map((nodes) => [nodes.at(-1), nodes]));
  return new Map(model.nodes.map(({ name }, index) => [name, joining.get(index) ?? [index]]));
}

function unprovable(node: ModelNode): TesseraError {
  return new TesseraError('UNPROVABLE', {
    message: `No installed prover supports node ${node.name} (${node.operator})`,
    remedy: 'See which operators are supported, and express the node with these.',
    details: { node: node.name, operator: node.operator },
  });
}
