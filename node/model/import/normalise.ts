import { TesseraError } from '../../../protocol/errors.ts';
import { throwIfAborted } from '../../abort.ts';
import type { Progress } from '../../progress.ts';
import type { Draft, DraftType } from '../draft.ts';
import type { Model, TensorType } from '../model.ts';
import { rewriteBatchNorms } from './batch-norm.ts';
import { checkNames } from './check.ts';
import { constantFills, constantNodes } from './constant-nodes.ts';
import { explicitAttributes } from './explicit-attributes.ts';
import { fixShapes } from './fix-shapes.ts';
import { foldAffine } from './fold-affine.ts';
import { foldConstants } from './fold-constants.ts';
import { inferTypes } from './infer-types.ts';
import { completeType } from './known-type.ts';
import { measureTypes } from './measure-shapes.ts';
import { nameNodes } from './name-nodes.ts';
import { dropDead, orderNodes } from './order.ts';
import { removeIdentity } from './remove-identity.ts';
import { resolveIfs } from './resolve-if.ts';

/** Rounds of inferring and folding; each must fold something, so real models need a handful. */
const MAX_ROUNDS = 64;

export interface NormaliseOptions {
  /** Shapes by input name, for inputs whose dimensions the file leaves open. */
  shapes?: Readonly<Record<string, readonly number[]>>;
  /** The shape of the tensor at hand for an input, used where the file and `shapes` leave dimensions open. */
  shapeAtHand?: (input: string) => readonly number[] | undefined;
  signal?: AbortSignal;
  onProgress?: (event: Progress) => void;
}

/**
 * Brings a model as it was read into the one form that the later stages take: fixed shapes, constants
 * folded, attributes explicit, nodes named and ordered, every tensor typed. It computes the same function up
 * to rounding.
 * @throws TesseraError MODEL_INVALID, SHAPE_UNKNOWN, TENSOR_UNKNOWN or INPUT_INVALID
 */
export async function normalise(read: Draft, options: NormaliseOptions = {}): Promise<Model> {
  let draft = nameNodes(orderNodes(checkNames(read)));
  draft = dropDead(fixShapes(draft, options.shapes ?? {}, options.shapeAtHand));
  for (let round = 1; ; round += 1) {
    throwIfAborted(options.signal);
    options.onProgress?.({
      type: 'stage',
      stage: 'import',
      done: round - 1,
      total: round,
      detail: 'types and constants',
    });
    draft = await simplify(draft);
    draft = await inferTypes(draft, options.signal);
    const result = await foldConstants(draft, options);
    draft = dropDead(result.draft);
    if (!result.folded || round === MAX_ROUNDS) break;
  }
  draft = dropDead(await foldAffine(await rewriteBatchNorms(draft)));
  draft = nameNodes(explicitAttributes(draft));
  return { ...draft, types: await completeTypes(draft, options) };
}

/** The passes that need no types. */
async function simplify(draft: Draft): Promise<Draft> {
  let simple = await constantFills(constantNodes(draft));
  // A branch may hold an `If` of its own.
  for (let result = await resolveIfs(simple); result.resolved; result = await resolveIfs(simple)) {
    simple = nameNodes(orderNodes(checkNames(await constantFills(constantNodes(result.draft)))));
  }
  return dropDead(await removeIdentity(simple));
}

/** Types of all tensors; shapes that depend on values are measured, with a note. */
async function completeTypes(draft: Draft, options: NormaliseOptions): Promise<Map<string, TensorType>> {
  const names = [
    ...draft.inputs,
    ...draft.nodes.flatMap((node) => node.outputs.filter((name) => name !== '')),
  ];
  const types = new Map<string, TensorType>();
  const open: string[] = [];
  const take = (name: string, type: DraftType | undefined): void => {
    const complete = type === undefined ? undefined : completeType(type);
    if (complete === undefined) open.push(name);
    else types.set(name, complete);
  };
  for (const name of names) take(name, draft.types.get(name));
  if (open.length === 0) return types;
  const measured = await measureTypes(draft, open);
  options.onProgress?.({
    type: 'note',
    message: `The shapes of ${open.length} tensors depend on values (${open.slice(0, 10).join(', ')}); they are those of one run on seeded inputs.`,
  });
  for (const name of open.splice(0)) take(name, measured.get(name));
  if (open.length > 0) {
    throw new TesseraError('SHAPE_UNKNOWN', {
      message: `The types of ${open.length} tensors are not known: ${open.slice(0, 10).join(', ')}.`,
      remedy: 'Export the model with plain tensors of fixed shapes.',
      details: { tensors: open.slice(0, 100) },
    });
  }
  return types;
}
