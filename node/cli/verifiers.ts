import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProofVerifier } from '../../protocol/verifier.ts';
import { createNativeEngine } from '../provers/ezkl/native-engine.ts';
import { createEngineThread } from '../provers/ezkl/verifier/engine-thread.ts';
import { createEzklVerifier } from '../provers/ezkl/verifier/index.ts';
import { environmentPython } from '../setup/index.ts';
import type { Settings } from './settings.ts';

export interface OpenVerifier {
  verifier: ProofVerifier;
  close(): Promise<void>;
}

/** The verifier of ezkl's proofs, with the engine unless the user leaves it out, and with ezkl itself if asked for. */
export async function ezklVerifier(
  { directory, withoutEzkl }: Settings,
  { native = false }: { native?: boolean } = {},
): Promise<OpenVerifier> {
  if (withoutEzkl !== undefined) return { verifier: createEzklVerifier({}), close: async () => {} };
  const engine = createEngineThread();
  if (!native) return { verifier: createEzklVerifier({ engine }), close: () => engine.close() };
  const scratch = join(directory.cache, 'scratch');
  await mkdir(scratch, { recursive: true });
  const ezkl = createNativeEngine({ python: environmentPython(directory.python), directory: scratch });
  return {
    verifier: createEzklVerifier({ engine, native: ezkl }),
    close: async () => {
      await Promise.all([engine.close(), ezkl.close()]);
    },
  };
}
