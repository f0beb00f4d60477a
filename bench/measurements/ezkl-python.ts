import { readSettings } from '../../node/cli/settings.ts';
import { environmentPython } from '../../node/setup/index.ts';

/** The Python that has ezkl: that of the environment which setup makes, or `TESSERA_PYTHON`. */
export function ezklPython(): string {
  return process.env.TESSERA_PYTHON ?? environmentPython(readSettings(process.env).directory.python);
}
