import type { Attribute, ModelNode } from '../../model/model.ts';
import { isMonotone } from './activation.ts';
import { shrinksByMaximum } from './max-pooling.ts';
import type { Rule } from './replacement.ts';

/** One activation behind a concatenation instead of one before each part, where max-pooling follows and shrinks it. */
export const activationAfterConcat: Rule = {
  name: 'activation after concatenation',
  match(view, concat) {
    const [output = ''] = concat.outputs;
    const type = view.type(output);
    const [pool] = view.readers(output);
    if (concat.operator !== 'Concat' || concat.domain !== '' || type === undefined) return undefined;
    if (pool === undefined || !view.isReadOnlyBy(output, pool) || !shrinksByMaximum(view, pool))
      return undefined;
    const activations = concat.inputs.map((name) => view.writer(name));
    const [first] = activations;
    if (first === undefined || !isMonotone(view, first)) return undefined;
    const each = activations.filter(
      (node, index): node is ModelNode =>
        node !== undefined &&
        sameFunction(node, first) &&
        view.isReadOnlyBy(concat.inputs[index] ?? '', concat),
    );
    if (each.length < concat.inputs.length) return undefined;
    const joined = view.nameTensor(`${output}_joined`);
    return {
      remove: [...each, concat],
      insert: [
        { ...concat, inputs: each.map(({ inputs }) => inputs[0] ?? ''), outputs: [joined] },
        { ...first, inputs: [joined, ...first.inputs.slice(1)], outputs: [output] },
      ],
      types: new Map([[joined, type]]),
    };
  },
};

function sameFunction(a: ModelNode, b: ModelNode): boolean {
  const [own, others] = [a.inputs.slice(1), b.inputs.slice(1)];
  return (
    a.operator === b.operator &&
    a.domain === b.domain &&
    own.length === others.length &&
    own.every((name, index) => name === others[index]) &&
    a.attributes.size === b.attributes.size &&
    [...a.attributes].every(([name, value]) => sameNumber(value, b.attributes.get(name)))
  );
}

function sameNumber(a: Attribute, b: Attribute | undefined): boolean {
  return (a.type === 'float' || a.type === 'int') && b?.type === a.type && a.value === b.value;
}
