import { readSettings } from '../../node/cli/settings.ts';
import { environmentPython } from '../../node/setup/ezkl-part.ts';

const settings = readSettings(process.env);

/**
 * The Python that has ezkl: that of the environment which setup makes, or `TESSERA_PYTHON`. `undefined` only where
 * ezkl is left out on purpose; where it is missing by accident, the tests that need it fail.
 */
export const ezklPython: string | undefined =
  settings.withoutEzkl === undefined
    ? (process.env.TESSERA_PYTHON ?? environmentPython(settings.directory.python))
    : undefined;
