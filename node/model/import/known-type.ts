import type { Draft, DraftType } from '../draft.ts';
import type { TensorType } from '../model.ts';

/** The type of a tensor of a draft, when all of it is known. */
export function knownType(draft: Draft, tensor: string): TensorType | undefined {
  const constant = draft.constants.get(tensor);
  if (constant !== undefined) return constant.type;
  const type = draft.types.get(tensor);
  return type === undefined ? undefined : completeType(type);
}

/** The type with a shape of numbers, or `undefined` when a dimension is open. */
export function completeType(type: DraftType): TensorType | undefined {
  const shape = type.shape?.filter((dim) => typeof dim === 'number');
  if (shape === undefined || shape.length !== type.shape?.length) return undefined;
  return { element: type.element, shape };
}
