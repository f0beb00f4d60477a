import type { Hex32 } from '../../protocol/edge.ts';
import { readWhole } from '../artifacts/read-whole.ts';
import type { SegmentPlan } from '../plan/plan.ts';
import type { CallOptions } from '../provers/prover.ts';
import { type Provers, proverNamed } from '../provers/provers.ts';

/**
 * The SRS files that the planned circuits rest on, by id.
 *
 * @throws TesseraError `SRS_INVALID` when the prover has none of a planned size
 */
export async function srsFiles(
  plans: readonly SegmentPlan[],
  provers: Provers,
  options: CallOptions,
): Promise<Map<Hex32, Uint8Array>> {
  const found = new Map<Hex32, Uint8Array>();
  for (const { prover, params } of plans) {
    const files = await proverNamed(provers, prover).srsFiles(params, options);
    for (const [id, path] of files) if (!found.has(id)) found.set(id, await readWhole(path, options.signal));
  }
  return found;
}
