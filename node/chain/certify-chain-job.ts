import type { Certificate } from '../../protocol/certificate.ts';
import { checkCertificate } from '../../protocol/check.ts';
import { TesseraError } from '../../protocol/errors.ts';
import type { RunOptions } from '../progress.ts';
import type { CertificateDraft } from '../requester/certify.ts';
import type { JobModules } from '../requester/job.ts';
import type { ChainJob } from './job.ts';
import type { JobProofs } from './job-proofs.ts';

/**
 * The certificate of a job whose segments were proven on a chain, of these very proofs.
 *
 * @throws TesseraError `PROVER_FAILED` when nobody would accept it
 */
export async function certifyChainJob(
  draft: CertificateDraft,
  { commitments }: ChainJob,
  { proofs, chain }: JobProofs,
  { verifiers }: Pick<JobModules, 'verifiers'>,
  { signal }: RunOptions = {},
): Promise<Certificate> {
  const certificate = { ...draft, commitments, proofs, chain };
  const { valid, problems } = await checkCertificate(certificate, {
    verifiers,
    allowDevelopment: true,
    ...(signal ? { signal } : {}),
  });
  if (valid) return certificate;
  throw new TesseraError('PROVER_FAILED', {
    message: `The proofs from the chain make no certificate: ${problems[0]?.message}`,
    remedy:
      'The chain says what is verified there (tessera jobs); prove the model on this machine for a certificate.',
    details: { problems: problems.map(({ code, message }) => ({ code, message })) },
  });
}
