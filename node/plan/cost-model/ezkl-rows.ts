import type { Model } from '../../model/model.ts';
import { sizeOf } from '../../model/tensor-type.ts';
import type { EzklParams } from '../../provers/ezkl/parameters.ts';
import type { PortScheme } from '../../provers/prover.ts';
import { decompositionCells, nodeCells } from './ezkl-cells.ts';

/** How the ends of a segment are bound, in port order. */
export interface SegmentPorts {
  inputs: readonly PortScheme[];
  outputs: readonly PortScheme[];
}

/** All ports committed, as those of a segment between two others. */
export function committedPorts(model: Model): SegmentPorts {
  return { inputs: model.inputs.map(() => 'kzg'), outputs: model.outputs.map(() => 'kzg') };
}

/**
 * Rows that ezkl will lay a segment's model out over, if its column were as long as it needs: what `gen_settings`
 * calls `num_rows`, predicted without ezkl.
 *
 * @param model an imported model; its computed inputs and outputs are the ports
 */
export function ezklRows(model: Model, ports: SegmentPorts, params: Omit<EzklParams, 'k'>): number {
  const nodes = model.nodes.reduce((sum, node) => sum + nodeCells(model, node, params), 0);
  return rowsOf(nodes + portCells(model, ports, params), params);
}

/** Rows of one column for so many cells. */
export function rowsOf(cells: number, { innerColumns }: Omit<EzklParams, 'k'>): number {
  return Math.ceil(cells / innerColumns);
}

/** Cells of a segment's boundary: every input is held to the digits' range, and so is every public output. */
function portCells(model: Model, ports: SegmentPorts, params: Omit<EzklParams, 'k'>): number {
  const digits = decompositionCells(params);
  const inputs = model.inputs.reduce((sum, name) => sum + sizeOf(model, name) * (digits + 1), 0);
  const outputs = model.outputs.reduce(
    (sum, name, port) =>
      sum + (ports.outputs[port] === 'public' ? sizeOf(model, name) * (2 * digits + 3) : 0),
    0,
  );
  return inputs + outputs;
}

/** Public values of a segment. */
export function publicValues(model: Model, ports: SegmentPorts): number {
  const side = (names: readonly string[], schemes: readonly PortScheme[]) =>
    names.reduce((sum, name, port) => sum + (schemes[port] === 'public' ? sizeOf(model, name) : 0), 0);
  return side(model.inputs, ports.inputs) + side(model.outputs, ports.outputs);
}
