import { TesseraError } from '../../../protocol/errors.ts';

/**
 * Why a job whose tensors are partly committed to cannot go to everybody.
 *
 * @param onChain whether it is for a market, where nobody can be invited
 */
export function tensorsArePublic({ onChain }: { onChain: boolean }): TesseraError {
  return new TesseraError('USAGE', {
    message: 'The tensors of a job of the network are public, and --commit keeps some of them secret',
    remedy: `${onChain ? 'Prove' : 'Have invited peers prove it (--invite), prove'} it on this machine (without --network), or leave --commit out.`,
  });
}
