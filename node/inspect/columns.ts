import type { InspectedLayer, InspectReport } from '../inspect.ts';
import { showMemory } from '../memory.ts';
import { showCount, showSeconds, showShapes } from './format.ts';

/** One column of the table of layers, on the terminal and on the page. */
export interface Column {
  title: string;
  /** What the heading means, for a tooltip. */
  meaning: string;
  numeric: boolean;
  layer: (layer: InspectedLayer) => string;
  total: (totals: InspectReport['totals']) => string;
}

const none = () => '';
const ratio = (value: number | null | undefined) => showCount(value ?? null);

/** The columns of the table of layers, in order. */
export const columns: readonly Column[] = [
  {
    title: 'layer',
    meaning: 'name of the node',
    numeric: false,
    layer: ({ name }) => name,
    total: () => 'total',
  },
  {
    title: 'operator',
    meaning: 'ONNX operator',
    numeric: false,
    layer: ({ operator }) => operator,
    total: none,
  },
  {
    title: 'output',
    meaning: 'shapes of what it computes',
    numeric: false,
    layer: ({ outputs }) => showShapes(outputs),
    total: none,
  },
  {
    title: 'parameters',
    meaning: 'weights',
    numeric: true,
    layer: ({ parameters }) => showCount(parameters),
    total: ({ parameters }) => showCount(parameters),
  },
  {
    title: 'mult.',
    meaning: 'multiplications',
    numeric: true,
    layer: (layer) => showCount(layer.multiplications),
    total: (totals) => showCount(totals.multiplications),
  },
  {
    title: 'rows',
    meaning: 'rows of ezkl’s layout',
    numeric: true,
    layer: ({ rows }) => showCount(rows),
    total: ({ rows }) => showCount(rows),
  },
  {
    title: 'per param.',
    meaning: 'rows per parameter',
    numeric: true,
    layer: ({ constraintsPerParameter }) => ratio(constraintsPerParameter),
    total: ({ constraintsPerParameter }) => ratio(constraintsPerParameter),
  },
  {
    title: 'setup',
    meaning: 'seconds to make ezkl’s keys, expected',
    numeric: true,
    layer: ({ ezkl }) => (ezkl === null ? '–' : showSeconds(ezkl.setupSeconds)),
    total: ({ ezkl }) => showSeconds(ezkl.setupSeconds),
  },
  {
    title: 'prove',
    meaning: 'seconds to prove with ezkl, expected',
    numeric: true,
    layer: ({ ezkl }) => (ezkl === null ? '–' : showSeconds(ezkl.proveSeconds)),
    total: ({ ezkl }) => showSeconds(ezkl.proveSeconds),
  },
  {
    title: 'memory',
    meaning: 'peak of ezkl’s process, expected; * above what was allowed',
    numeric: true,
    layer: ({ ezkl }) =>
      ezkl === null
        ? '–'
        : `${showMemory(Math.max(ezkl.setupBytes, ezkl.proveBytes))}${ezkl.fits ? '' : ' *'}`,
    total: ({ ezkl }) => showMemory(ezkl.peakBytes),
  },
  {
    title: 'groth16',
    meaning: 'rank-one constraints of Tessera’s own circuit, before calibration',
    numeric: true,
    layer: ({ groth16 }) => showCount(groth16?.constraints ?? null),
    total: ({ groth16 }) => showCount(groth16?.constraints ?? null),
  },
  {
    title: 'per param.',
    meaning: 'rank-one constraints per parameter',
    numeric: true,
    layer: ({ groth16 }) => ratio(groth16?.constraintsPerParameter),
    total: ({ groth16 }) => ratio(groth16?.constraintsPerParameter),
  },
  {
    title: 'proven by',
    meaning: 'provers that support the layer',
    numeric: false,
    layer: ({ supportedBy }) => supportedBy.join(', ') || 'none',
    total: none,
  },
];

/** What the figures hold for, and what rewriting would save, in sentences. */
export function remarks({ params, rewrites, rowsSaved, layers }: InspectReport): string[] {
  const saving =
    rewrites.length === 0
      ? []
      : [
          `The plan rewrites the model without changing its result: ${rewrites
            .map(({ rule, nodes }) => `${rule} (${nodes.join(', ')})`)
            .join('; ')}. That saves ${showCount(rowsSaved)} rows.`,
        ];
  const unsupported = layers
    .filter(({ supportedBy }) => supportedBy.length === 0)
    .map(
      ({ name, operator, unsupported: reasons }) =>
        `${name} (${operator}) cannot be proven: ${reasons.map(({ prover, reason }) => `${prover}: ${reason}`).join('; ')}.`,
    );
  return [
    `Figures for ezkl: each layer a segment of its own between committed edges, with k=${params.k}, base ${params.decompBase}, ${params.decompLegs} legs and ${params.innerColumns} inner columns. Rows are those of the layer itself; the total is the whole model in one circuit, its boundary counted.`,
    ...saving,
    ...unsupported,
  ];
}
