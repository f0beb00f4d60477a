/** What a model says of a tensor, computed or constant. */
import { elementCount } from './element.ts';
import type { Model, TensorType } from './model.ts';

type Typed = Pick<Model, 'types' | 'constants'>;

/** The type of any tensor of a model, constants included. */
export function typeOf(model: Typed, name: string): TensorType | undefined {
  return model.types.get(name) ?? model.constants.get(name)?.type;
}

/** The shape of any tensor of a model; that of a left-out one (`''`) is empty. */
export function shapeOf(model: Typed, name: string | undefined): readonly number[] {
  return (name === undefined ? undefined : typeOf(model, name)?.shape) ?? [];
}

/** Elements of any tensor of a model; 0 for a left-out one. */
export function sizeOf(model: Typed, name: string | undefined): number {
  return name === undefined || name === '' ? 0 : elementCount(shapeOf(model, name));
}
