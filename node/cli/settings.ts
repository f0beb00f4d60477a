import { isAbsolute, resolve } from 'node:path';
import envPaths from 'env-paths';
import { dataDirectory, type PartsInit } from '../setup/index.ts';

/** What the environment says. */
export type Settings = PartsInit;

/** Reads `TESSERA_HOME`, `TESSERA_WITHOUT_EZKL` and `TESSERA_WITHOUT_GROTH16`. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const home = env.TESSERA_HOME || envPaths('tessera', { suffix: '' }).data;
  return {
    directory: dataDirectory(isAbsolute(home) ? home : resolve(home)),
    leftOut: {
      ...(env.TESSERA_WITHOUT_EZKL === '1' ? { ezkl: 'TESSERA_WITHOUT_EZKL=1 is set.' } : {}),
      ...(env.TESSERA_WITHOUT_GROTH16 === '1' ? { groth16: 'TESSERA_WITHOUT_GROTH16=1 is set.' } : {}),
    },
    environment: env,
  };
}
