import { TesseraError } from '../../protocol/errors.ts';
import { circuitLeaf } from '../../protocol/ids.ts';
import type { Circuit } from '../../protocol/manifest.ts';

/**
 * Holds the circuit that was made here against the one that a peer stated: adapter, artifacts and ports.
 *
 * @throws TesseraError `PROVER_FAILED`
 */
export function requireStated(made: Circuit, stated: Circuit): void {
  const names = (circuit: Circuit) => Buffer.from(circuitLeaf(circuit)).toString('hex');
  if (names(made) === names(stated)) return;
  const roles = Object.keys(stated.artifacts).filter(
    (role) => made.artifacts[role] !== stated.artifacts[role],
  );
  const what = roles.length > 0 ? `it has another ${roles.join(', ')}` : 'its ports differ';
  throw new TesseraError('PROVER_FAILED', {
    message: `The segment's model and parameters give another circuit than the one that is stated: ${what}`,
    remedy: 'Whoever offers it runs another version of this program, or does not tell the truth.',
    details: { roles },
  });
}
