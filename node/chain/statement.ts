import type { Certificate } from '../../protocol/certificate.ts';
import type { Hex32 } from '../../protocol/edge.ts';
import { modelId } from '../../protocol/ids.ts';
import { statementDigests } from '../../protocol/job-ids.ts';

/** What a certificate says, as the contracts name it: this model, on this input, gives this output. */
export interface ChainStatement {
  model: Hex32;
  inputDigest: Hex32;
  outputDigest: Hex32;
}

/** The statement of a certificate, whose commitments must have been checked. */
export function statementOf({
  manifest,
  commitments,
}: Pick<Certificate, 'manifest' | 'commitments'>): ChainStatement {
  return { model: modelId(manifest), ...statementDigests(manifest.graph, commitments) };
}
