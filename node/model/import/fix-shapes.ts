import { TesseraError } from '../../../protocol/errors.ts';
import type { Draft, DraftType } from '../draft.ts';
import { isShape } from '../element.ts';

/**
 * Gives every input a shape of numbers: its own, or the one asked for. A symbol that one input fixes holds
 * for all. A dimension of 0 counts as unknown, as old exporters mean it.
 * @param shapes shape by input name
 * @param atHand shape of the tensor that an input will get, for inputs that are left open otherwise
 * @throws TesseraError TENSOR_UNKNOWN, INPUT_INVALID, or SHAPE_UNKNOWN naming every dimension left open.
 */
export function fixShapes(
  draft: Draft,
  shapes: Readonly<Record<string, readonly number[]>>,
  atHand: (input: string) => readonly number[] | undefined = () => undefined,
): Draft {
  const symbols = new Map<string, number>();
  const types = new Map(draft.types);
  const open = draft.inputs.filter((name) => !(name in shapes) && isOpen(types.get(name)));
  const found = open.flatMap((name) => {
    const shape = atHand(name);
    return shape === undefined ? [] : [[name, shape] as const];
  });
  for (const [name, shape] of [...Object.entries(shapes), ...found]) {
    const type = types.get(name);
    if (type === undefined || !draft.inputs.includes(name)) {
      throw new TesseraError('TENSOR_UNKNOWN', {
        message: `The model has no input "${name}" to give a shape to.`,
        remedy: `Its inputs are: ${draft.inputs.join(', ')}.`,
      });
    }
    checkFits(name, type, shape);
    type.shape?.forEach((dim, i) => {
      const asked = shape[i];
      if (typeof dim !== 'string' || asked === undefined) return;
      const known = symbols.get(dim);
      if (known !== undefined && known !== asked) {
        throw new TesseraError('INPUT_INVALID', {
          message: `The dimension ${dim} is given as ${known} and, for input "${name}", as ${asked}.`,
          remedy: 'Give one value to one symbol.',
        });
      }
      symbols.set(dim, asked);
    });
    types.set(name, { element: type.element, shape });
  }
  const unknown: { input: string; shape: string }[] = [];
  for (const name of draft.inputs) {
    const type = types.get(name);
    const shape = type?.shape?.map((dim) => (typeof dim === 'string' ? (symbols.get(dim) ?? dim) : dim));
    if (
      type === undefined ||
      shape === undefined ||
      shape.some((dim) => typeof dim !== 'number' || dim === 0)
    ) {
      unknown.push({
        input: name,
        shape: shape === undefined ? 'unknown' : `[${shape.map((dim) => dim || '?')}]`,
      });
    } else {
      types.set(name, { element: type.element, shape });
    }
  }
  if (unknown.length > 0) throw unknownShapes(unknown);
  return { ...draft, types };
}

function isOpen(type: DraftType | undefined): boolean {
  return type?.shape?.every((dim) => typeof dim === 'number' && dim !== 0) !== true;
}

function checkFits(name: string, type: DraftType, shape: readonly number[]): void {
  const fits =
    isShape(shape) &&
    shape.every((dim) => dim > 0) &&
    (type.shape === undefined ||
      (type.shape.length === shape.length &&
        type.shape.every((dim, i) => typeof dim !== 'number' || dim === 0 || dim === shape[i])));
  if (fits) return;
  throw new TesseraError('INPUT_INVALID', {
    message: `The shape [${shape}] does not fit input "${name}" of shape [${type.shape?.map((dim) => dim ?? '?') ?? 'unknown'}].`,
    remedy: 'Give whole positive dimensions that agree with those the model fixes.',
  });
}

function unknownShapes(open: readonly { input: string; shape: string }[]): TesseraError {
  const list = open.map(({ input, shape }) => `"${input}" ${shape}`).join(', ');
  return new TesseraError('SHAPE_UNKNOWN', {
    message: `The model leaves dimensions of its inputs open: ${list}.`,
    remedy: `Give each a shape, for example --shape ${open[0]?.input}=1,3,224,224, or inputs nested as their shape.`,
    details: { inputs: open },
  });
}
