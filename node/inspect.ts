import {
  multiplications,
  nodeModel,
  parameterCount,
  parameterNames,
  shapesOf,
  type TensorShape,
} from './inspect/layer.ts';
import { importModel } from './model/import/index.ts';
import type { Model, ModelNode } from './model/model.ts';
import {
  chooseEzklParams,
  findEzklParams,
  type PlannedSegment,
} from './plan/cost-model/choose-ezkl-params.ts';
import { nodeCells } from './plan/cost-model/ezkl-cells.ts';
import { ezklSegmentCost } from './plan/cost-model/ezkl-cost.ts';
import { committedPorts, ezklRows, rowsOf } from './plan/cost-model/ezkl-rows.ts';
import { groth16Constraints } from './plan/cost-model/groth16-constraints.ts';
import { groth16Cost } from './plan/cost-model/groth16-cost.ts';
import type { SegmentCost } from './plan/cost-model/segment-cost.ts';
import type { NodeSupport } from './plan/provability.ts';
import { rewriteModel } from './plan/rewrites/index.ts';
import type { RunOptions } from './progress.ts';
import { defaultEzklParams, type EzklParams } from './provers/ezkl/parameters.ts';
import type { Unsupported } from './provers/prover.ts';

/** The part of a prover that an inspection asks. */
export type InspectedProver = NodeSupport & { name: 'ezkl' | 'groth16' };

export interface InspectOptions extends RunOptions {
  /** Path of the ONNX file. */
  model: string;
  shapes?: Readonly<Record<string, readonly number[]>>;
  /** Bytes that one prover process may use. */
  memory?: number;
  /** Fractional bits of inputs and weights in ezkl's circuits. */
  scale?: number;
  provers: readonly InspectedProver[];
}

/** A layer under one prover, as a segment of its own between committed edges. */
export interface LayerCost extends Omit<SegmentCost, 'prover' | 'constraints'> {
  /** Whether it stays within the memory that was asked for; `true` where none was. */
  fits: boolean;
}

/** What a layer costs under Tessera's own circuits, before calibration. */
export interface Groth16Layer {
  constraints: number;
  constraintsPerParameter: number | null;
}

export interface InspectedLayer {
  name: string;
  operator: string;
  inputs: readonly TensorShape[];
  outputs: readonly TensorShape[];
  /** Weights of the layer. */
  parameters: number;
  multiplications: number;
  /** Rows of ezkl's layout that the layer itself takes; `null` where ezkl does not prove it. */
  rows: number | null;
  /** Rows over parameters: M / N of "Constraint efficient neural networks"; `null` without parameters. */
  constraintsPerParameter: number | null;
  /** Provers by name. */
  supportedBy: readonly string[];
  /** Why the others do not. */
  unsupported: readonly (Unsupported & { prover: string })[];
  /** `null` where the prover does not support the layer. */
  ezkl: LayerCost | null;
  groth16: (Groth16Layer & LayerCost) | null;
}

export interface InspectReport {
  /** sha2-256 of the model's files. */
  model: string;
  /** What the figures for ezkl hold for: the choice of least time within the memory, one for all layers. */
  params: EzklParams;
  layers: readonly InspectedLayer[];
  totals: {
    parameters: number;
    multiplications: number;
    /** Of the whole model in one circuit, its committed boundary counted; `null` where a layer cannot be proven. */
    rows: number | null;
    constraintsPerParameter: number | null;
    groth16: Groth16Layer | null;
    /** Sums over layers that each prover supports, proven one after another; peaks of the largest. */
    ezkl: LayerTotals;
  };
  /** What the plan will do to the model without changing its result. */
  rewrites: readonly { rule: string; nodes: readonly string[] }[];
  /** Rows that all rewrites together save. */
  rowsSaved: number;
}

export interface LayerTotals {
  setupSeconds: number;
  proveSeconds: number;
  /** The most that any layer takes. */
  peakBytes: number;
  provingKeyBytes: number;
}

/**
 * What proving a model will cost, layer by layer, predicted from its shapes: nothing is compiled, and no prover has to
 * be installed.
 *
 * @throws TesseraError as import does for files that are no model or have open shapes
 */
export async function inspectModel(options: InspectOptions): Promise<InspectReport> {
  const { signal, onProgress } = options;
  onProgress?.({ type: 'stage', stage: 'import', done: 0, total: 1 });
  const { model, sha256 } = await importModel(options.model, {
    ...(options.shapes ? { shapes: options.shapes } : {}),
    ...(signal ? { signal } : {}),
  });
  onProgress?.({ type: 'stage', stage: 'import', done: 1, total: 1 });
  return { model: sha256, ...inspectLayers(model, options) };
}

type LayerOptions = Pick<InspectOptions, 'memory' | 'scale' | 'provers'>;

/** The same for an imported model. */
export function inspectLayers(model: Model, options: LayerOptions): Omit<InspectReport, 'model'> {
  const support = model.nodes.map((node) => supportOf(model, node, options.provers));
  const params = paramsFor(model, support, options);
  const groth16 = groth16Constraints(model);
  const layers = model.nodes.map((node, index) => {
    const { supportedBy, unsupported } = support[index] ?? { supportedBy: [], unsupported: [] };
    const own = nodeModel(model, node);
    const parameters = parameterCount(model, parameterNames(model, node));
    const products = multiplications(model, node);
    const rows = supportedBy.includes('ezkl') ? rowsOf(nodeCells(model, node, params), params) : null;
    const cost = ({ prover: _, constraints: __, ...rest }: SegmentCost): LayerCost => ({
      ...rest,
      fits: Math.max(rest.setupBytes, rest.proveBytes) <= (options.memory ?? Number.POSITIVE_INFINITY),
    });
    const constraints = groth16.nodes[index] ?? 0;
    return {
      name: node.name,
      operator: node.operator,
      inputs: shapesOf(model, node.inputs),
      outputs: shapesOf(model, node.outputs),
      parameters,
      multiplications: products,
      rows,
      constraintsPerParameter: ratio(rows, parameters),
      supportedBy,
      unsupported,
      ezkl: supportedBy.includes('ezkl') ? cost(ezklSegmentCost(own, committedPorts(own), params)) : null,
      groth16: supportedBy.includes('groth16')
        ? {
            constraints,
            constraintsPerParameter: ratio(constraints, parameters),
            // A term for each multiplication; the constraints themselves have about one each.
            ...cost(groth16Cost(groth16Constraints(own).total, products + constraints)),
          }
        : null,
    };
  });
  const rewritten = rewriteModel(model);
  return {
    params,
    layers,
    totals: totalsOf(model, layers, params, groth16.total),
    rewrites: rewritten.applied,
    rowsSaved: rowsIn(model, params) - rowsIn(rewritten.model, params),
  };
}

function supportOf(
  model: Model,
  node: ModelNode,
  provers: readonly InspectedProver[],
): Pick<InspectedLayer, 'supportedBy' | 'unsupported'> {
  const answers = provers.map((prover) => ({ prover: prover.name, reason: prover.unsupported(model, node) }));
  return {
    supportedBy: answers.filter(({ reason }) => reason === undefined).map(({ prover }) => prover),
    unsupported: answers.flatMap(({ prover, reason }) =>
      reason === undefined ? [] : [{ prover, ...reason }],
    ),
  };
}

/** One choice for all layers that ezkl proves: for those that fit the memory, or else for all. */
function paramsFor(
  model: Model,
  support: readonly Pick<InspectedLayer, 'supportedBy'>[],
  { memory, scale = defaultEzklParams.scale }: LayerOptions,
): EzklParams {
  const segments = model.nodes
    .filter((_, index) => support[index]?.supportedBy.includes('ezkl'))
    .map((node) => {
      const own = nodeModel(model, node);
      return { id: node.name, model: own, ports: committedPorts(own) };
    });
  const limits = { scale, ...(memory === undefined ? {} : { memory }) };
  const fits = (segment: PlannedSegment) => findEzklParams([segment], limits) !== undefined;
  const fitting = memory === undefined ? segments : segments.filter(fits);
  // Layers that each fit under some k need not fit together under one.
  return findEzklParams(fitting, limits) ?? chooseEzklParams(segments, { scale });
}

function rowsIn(model: Model, params: EzklParams): number {
  return ezklRows(model, committedPorts(model), params);
}

function totalsOf(
  model: Model,
  layers: readonly InspectedLayer[],
  params: EzklParams,
  groth16: number,
): InspectReport['totals'] {
  const parameters = parameterCount(
    model,
    model.nodes.flatMap((node) => parameterNames(model, node)),
  );
  const all = (prover: string) => layers.every(({ supportedBy }) => supportedBy.includes(prover));
  const rows = all('ezkl') ? rowsIn(model, params) : null;
  const costs = layers.flatMap(({ ezkl }) => (ezkl === null ? [] : [ezkl]));
  const sum = (of: (cost: LayerCost) => number) => costs.reduce((total, cost) => total + of(cost), 0);
  return {
    parameters,
    multiplications: layers.reduce((total, layer) => total + layer.multiplications, 0),
    rows,
    constraintsPerParameter: ratio(rows, parameters),
    groth16: all('groth16')
      ? { constraints: groth16, constraintsPerParameter: ratio(groth16, parameters) }
      : null,
    ezkl: {
      setupSeconds: sum(({ setupSeconds }) => setupSeconds),
      proveSeconds: sum(({ proveSeconds }) => proveSeconds),
      provingKeyBytes: sum(({ provingKeyBytes }) => provingKeyBytes),
      peakBytes: Math.max(0, ...costs.map(({ setupBytes, proveBytes }) => Math.max(setupBytes, proveBytes))),
    },
  };
}

function ratio(constraints: number | null, parameters: number): number | null {
  return constraints === null || parameters === 0 ? null : constraints / parameters;
}
