import { TesseraError } from '../../../protocol/errors.ts';
import type { Draft } from '../draft.ts';
import { isShape } from '../element.ts';
import { tensorsRead } from './reads.ts';

/** Nodes of one model; the largest published graphs have some ten thousand. */
const MAX_NODES = 200_000;

/**
 * Refuses a graph whose names do not fit together: a tensor defined twice, read and never defined, or
 * impossible in its shape.
 * @throws TesseraError MODEL_INVALID
 */
export function checkNames(draft: Draft): Draft {
  if (draft.nodes.length > MAX_NODES) {
    throw invalid(`It has ${draft.nodes.length} nodes; the limit is ${MAX_NODES}.`);
  }
  if (draft.outputs.length === 0) throw invalid('It has no outputs.');
  const defined = new Set<string>();
  const define = (name: string, what: string): void => {
    if (name === '') throw invalid(`${what} has no name.`);
    if (defined.has(name)) throw invalid(`The tensor "${name}" is defined twice.`, name);
    defined.add(name);
  };
  for (const name of draft.inputs) define(name, 'An input');
  for (const name of draft.constants.keys()) define(name, 'An initialiser');
  for (const node of draft.nodes) {
    for (const name of node.outputs) if (name !== '') define(name, `An output of node "${node.name}"`);
  }
  for (const node of draft.nodes) {
    for (const name of tensorsRead(node)) {
      if (!defined.has(name)) {
        throw invalid(`Node "${node.name}" (${node.operator}) reads "${name}", which nothing defines.`, name);
      }
    }
  }
  for (const name of draft.outputs) {
    if (!defined.has(name)) throw invalid(`Nothing defines the output "${name}".`, name);
  }
  if (new Set(draft.outputs).size !== draft.outputs.length) throw invalid('It names an output twice.');
  for (const [name, { shape }] of draft.types) {
    if (shape !== undefined && !isShape(shape.filter((dim) => typeof dim === 'number'))) {
      throw invalid(
        `The tensor "${name}" has the impossible shape [${shape.map((dim) => dim ?? '?')}].`,
        name,
      );
    }
  }
  return draft;
}

function invalid(what: string, tensor?: string): TesseraError {
  return new TesseraError('MODEL_INVALID', {
    message: `The model breaks a rule of ONNX. ${what}`,
    remedy: 'Export the model again; `onnx.checker` names such faults, too.',
    ...(tensor !== undefined && { details: { tensor } }),
  });
}
