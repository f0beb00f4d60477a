import { Graph, layout } from '@dagrejs/dagre';
import type { InspectedLayer } from '../inspect.ts';
import { showMemory } from '../memory.ts';
import { showCount, showSeconds, showShapes } from './format.ts';
import { escapeHtml } from './html.ts';

const smallest = { width: 90, height: 34 };
const largest = { width: 260, height: 110 };
const characterWidth = 7;
const longestLabel = 30;

/** What a layer is judged by: rows under ezkl, else constraints under Groth16; `undefined` when nothing proves it. */
function weightOf({ rows, groth16, supportedBy }: InspectedLayer): number | undefined {
  return supportedBy.length === 0 ? undefined : (rows ?? groth16?.constraints ?? 0);
}

/** 0 for the cheapest, 1 for the most expensive layer; areas grow with the cost, so sides with its root. */
function share(weight: number | undefined, most: number): number {
  return most === 0 ? 0 : Math.sqrt((weight ?? 0) / most);
}

/** From pale to strong; grey for what cannot be proven. */
function colour(weight: number | undefined, most: number): string {
  if (weight === undefined) return 'hsl(0 0% 80%)';
  const part = share(weight, most);
  return `hsl(${Math.round(200 - 190 * part)} 75% ${Math.round(90 - 28 * part)}%)`;
}

function tooltip(layer: InspectedLayer): string {
  const { name, operator, inputs, outputs, parameters, ezkl, groth16 } = layer;
  const lines = [
    `${name} (${operator})`,
    `${showShapes(inputs)} → ${showShapes(outputs)}`,
    `${showCount(parameters)} parameters, ${showCount(layer.multiplications)} multiplications`,
  ];
  if (ezkl !== null) {
    lines.push(
      `ezkl: ${showCount(layer.rows)} rows, setup ${showSeconds(ezkl.setupSeconds)}, proof ${showSeconds(ezkl.proveSeconds)}, ${showMemory(Math.max(ezkl.setupBytes, ezkl.proveBytes))}`,
    );
  }
  if (groth16 !== null) {
    lines.push(
      `groth16: ${showCount(groth16.constraints)} constraints, setup ${showSeconds(groth16.setupSeconds)}, proof ${showSeconds(groth16.proveSeconds)}`,
    );
  }
  lines.push(...layer.unsupported.map(({ prover, reason }) => `not by ${prover}: ${reason}`));
  return lines.join('\n');
}

function shorten(text: string): string {
  return text.length <= longestLabel ? text : `…${text.slice(1 - longestLabel)}`;
}

/** The graph of layers as SVG, laid out from the top down; larger and stronger is more expensive. */
export function drawGraph(layers: readonly InspectedLayer[]): string {
  const most = Math.max(0, ...layers.map((layer) => weightOf(layer) ?? 0));
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: 'TB', nodesep: 24, ranksep: 36, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  const producer = new Map<string, string>();
  layers.forEach((layer, index) => {
    const part = share(weightOf(layer), most);
    const text = Math.max(shorten(layer.name).length, layer.operator.length) * characterWidth + 16;
    graph.setNode(String(index), {
      width: Math.max(text, smallest.width + part * (largest.width - smallest.width)),
      height: smallest.height + part * (largest.height - smallest.height),
    });
    for (const { tensor } of layer.outputs) producer.set(tensor, String(index));
  });
  layers.forEach((layer, index) => {
    for (const { tensor } of layer.inputs) {
      const from = producer.get(tensor);
      if (from !== undefined && from !== String(index)) graph.setEdge(from, String(index));
    }
  });
  layout(graph);
  const edges = graph.edges().map((edge: { v: string; w: string }) => {
    const points: { x: number; y: number }[] = graph.edge(edge).points ?? [];
    return `<polyline points="${points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')}"/>`;
  });
  const nodes = layers.map((layer, index) => {
    const { x = 0, y = 0, width = 0, height = 0 } = graph.node(String(index));
    return `<g><title>${escapeHtml(tooltip(layer))}</title><rect x="${(x - width / 2).toFixed(1)}" y="${(y - height / 2).toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" rx="6" fill="${colour(weightOf(layer), most)}"/><text x="${x.toFixed(1)}" y="${(y - 3).toFixed(1)}" class="operator">${escapeHtml(layer.operator)}</text><text x="${x.toFixed(1)}" y="${(y + 11).toFixed(1)}">${escapeHtml(shorten(layer.name))}</text></g>`;
  });
  const { width = 0, height = 0 } = graph.graph();
  return `<svg viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}" width="${Math.ceil(width)}" height="${Math.ceil(height)}" role="img" aria-label="Graph of layers"><defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>${edges.join('')}${nodes.join('')}</svg>`;
}
