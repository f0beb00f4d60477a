import { readFile } from 'node:fs/promises';
import type { Hex32 } from '../../protocol/edge.ts';
import { srsId } from '../../protocol/ids.ts';
import type { SegmentPlan } from '../plan/plan.ts';
import type { EzklProver } from '../provers/ezkl/prover.ts';
import { verificationDataOf } from '../provers/ezkl/verifier/index.ts';
import type { CallOptions } from '../provers/prover.ts';

/**
 * The SRS files that the planned circuits rest on, by id.
 *
 * @throws TesseraError `SRS_INVALID` when the prover has none of a planned size
 */
export async function srsFiles(
  plans: readonly SegmentPlan[],
  prover: EzklProver,
  options: CallOptions = {},
): Promise<Map<Hex32, Uint8Array>> {
  const found = new Map<Hex32, Uint8Array>();
  for (const k of new Set(plans.map(({ params }) => params.k))) {
    const file = await readFile(await prover.srsFile(k, options));
    found.set(srsId('bn254', verificationDataOf(file)), file);
  }
  return found;
}
