import { readSettings } from '../../node/cli/settings.ts';
import { environmentPython } from '../../node/setup/index.ts';
import { describeUnless } from './describe-unless.ts';

const settings = readSettings(process.env);

/** Why there is no ezkl to test with, if so: only where it is left out on purpose. */
export const missingEzkl: string | undefined =
  settings.leftOut.ezkl === undefined ? undefined : 'ezkl is left out';

/** `describe` for tests that need ezkl; where it is missing by accident, they fail. */
export function describeWithEzkl(title: string, tests: () => void): void {
  describeUnless(missingEzkl, title, tests);
}

/**
 * The Python that has ezkl: that of the environment which setup makes, or `TESSERA_PYTHON`.
 *
 * @throws where ezkl is left out
 */
export function requireEzklPython(): string {
  if (missingEzkl !== undefined) throw new Error(`This test needs ezkl, and ${missingEzkl}.`);
  return process.env.TESSERA_PYTHON ?? environmentPython(settings.directory.python);
}
