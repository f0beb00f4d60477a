import { isAbsolute, resolve } from 'node:path';
import envPaths from 'env-paths';
import { type DataDirectory, dataDirectory } from '../setup/index.ts';

/** What the environment says. */
export interface Settings {
  directory: DataDirectory;
  /** Why ezkl and its engine are left out, if the user wants it so. */
  withoutEzkl: string | undefined;
}

/** Reads `TESSERA_HOME` and `TESSERA_WITHOUT_EZKL`. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const home = env.TESSERA_HOME || envPaths('tessera', { suffix: '' }).data;
  return {
    directory: dataDirectory(isAbsolute(home) ? home : resolve(home)),
    withoutEzkl: env.TESSERA_WITHOUT_EZKL === '1' ? 'TESSERA_WITHOUT_EZKL=1 is set.' : undefined,
  };
}
