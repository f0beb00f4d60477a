import type { Model } from '../../model/model.ts';
import { defaultEzklParams } from '../../provers/ezkl/parameters.ts';
import { reservedRows } from './ezkl-columns.ts';
import { ezklCost } from './ezkl-cost.ts';
import { ezklSize } from './ezkl-size.ts';
import type { SegmentCost } from './segment-cost.ts';

/** As `ezkl.gen_settings` of 23.0.5 sets them; its calibration chooses scales, on which nothing here depends. */
const defaults = { scale: defaultEzklParams.scale, decompBase: 2 ** 14, decompLegs: 2, innerColumns: 2 };

/**
 * What ezkl is expected to take for a whole model in one circuit when left to its own defaults, which is what its user
 * has: the smallest k whose column holds all rows, and the table of digits.
 */
export function ezklByDefault(model: Model): SegmentCost {
  const size = ezklSize(
    model,
    { inputs: model.inputs.map(() => 'public'), outputs: model.outputs.map(() => 'public') },
    defaults,
  );
  const k = Math.ceil(Math.log2(Math.max(size.rows, defaults.decompBase) + reservedRows));
  return ezklCost(size, { ...defaults, k });
}
