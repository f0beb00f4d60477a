import { describe } from 'vitest';
import { readSettings } from '../../node/cli/settings.ts';
import { environmentPython } from '../../node/setup/index.ts';

const settings = readSettings(process.env);

/**
 * The Python that has ezkl: that of the environment which setup makes, or `TESSERA_PYTHON`. `undefined` only where
 * ezkl is left out on purpose; where it is missing by accident, the tests that need it fail.
 */
export const ezklPython: string | undefined =
  settings.leftOut.ezkl === undefined
    ? (process.env.TESSERA_PYTHON ?? environmentPython(settings.directory.python))
    : undefined;

/** `describe` for tests that need ezkl: they are skipped only where it is left out on purpose. */
export const describeWithEzkl = describe.skipIf(ezklPython === undefined);

/** @throws where ezkl is left out */
export function requireEzklPython(): string {
  if (ezklPython === undefined)
    throw new Error('This test needs ezkl, which TESSERA_WITHOUT_EZKL leaves out.');
  return ezklPython;
}
