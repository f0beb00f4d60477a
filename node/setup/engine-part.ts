import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { TesseraError } from '../../protocol/errors.ts';
import type { Part, PartState } from './part.ts';

const packageName = '@ezkljs/engine';

export interface EnginePartInit {
  /** Why the user leaves the engine out, if so. */
  leftOut?: string;
}

/** ezkl's verifier in WASM; npm installs it as an optional dependency, so this part only looks. */
export function enginePart({ leftOut }: EnginePartInit): Part {
  const remedy = 'Run npm install without --omit=optional where this program is installed.';

  async function check(): Promise<PartState> {
    if (leftOut !== undefined) return { state: 'left out', reason: leftOut };
    try {
      const path = createRequire(import.meta.url).resolve(`${packageName}/package.json`);
      const { version } = JSON.parse(await readFile(path, 'utf8')) as { version: string };
      return { state: 'present', version: version.replace(/^v/, ''), path };
    } catch (error) {
      return {
        state: 'missing',
        // The lines after the first list the files that asked for it.
        reason: `${packageName} does not load: ${(error as Error).message.split('\n', 1)[0]}.`,
        remedy,
      };
    }
  }

  return {
    name: 'ezkl-engine',
    why: 'verify checks proofs with it.',
    check,
    async install() {
      const state = await check();
      if (state.state === 'missing')
        throw new TesseraError('PROVER_MISSING', { message: state.reason, remedy });
    },
  };
}
