import type { Model, ModelNode } from '../model/model.ts';
import { unsupportedNode } from './circuit/index.ts';
import { unsupportedByEzkl } from './ezkl/operators.ts';
import type { Unsupported } from './prover.ts';

/** What each prover of this program supports, by its name; known without the prover itself. */
export const proverSupport: ReadonlyMap<
  string,
  { unsupported(model: Model, node: ModelNode): Unsupported | undefined }
> = new Map([
  ['groth16', { unsupported: unsupportedNode }],
  ['ezkl', { unsupported: unsupportedByEzkl }],
]);
