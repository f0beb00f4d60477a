import type { ProofVerifier } from '../../protocol/verifier.ts';
import { createEngineThread } from '../provers/ezkl/verifier/engine-thread.ts';
import { createEzklVerifier } from '../provers/ezkl/verifier/index.ts';
import type { Settings } from './settings.ts';

/** The verifier of ezkl's proofs, with the engine unless the user leaves it out. */
export function ezklVerifier({ withoutEzkl }: Settings): { verifier: ProofVerifier; close(): Promise<void> } {
  if (withoutEzkl !== undefined) return { verifier: createEzklVerifier({}), close: async () => {} };
  const engine = createEngineThread();
  return { verifier: createEzklVerifier({ engine }), close: () => engine.close() };
}
