import { isMonotone } from './activation.ts';
import { shrinksByMaximum } from './max-pooling.ts';
import type { Rule } from './replacement.ts';

/** ReLU after max-pooling instead of before: the same result with fewer elements to rectify. */
export const activationAfterPooling: Rule = {
  name: 'activation after max-pooling',
  match(view, pool) {
    const [activated = '', output = ''] = [pool.inputs[0], pool.outputs[0]];
    const activation = view.writer(activated);
    const type = view.type(output);
    if (activation === undefined || type === undefined || !shrinksByMaximum(view, pool)) return undefined;
    if (!isMonotone(view, activation) || !view.isReadOnlyBy(activated, pool)) return undefined;
    const pooled = view.nameTensor(`${output}_pooled`);
    return {
      remove: [activation, pool],
      insert: [
        { ...pool, inputs: [activation.inputs[0] ?? '', ...pool.inputs.slice(1)], outputs: [pooled] },
        { ...activation, inputs: [pooled, ...activation.inputs.slice(1)], outputs: [output] },
      ],
      types: new Map([[pooled, type]]),
    };
  },
};
