import { existsSync } from 'node:fs';
import { readSettings } from '../../node/cli/settings.ts';
import { environmentPython } from '../../node/setup/index.ts';

/**
 * The Python that has ezkl: `TESSERA_PYTHON`, or the one that `tessera setup` installed.
 *
 * @throws when there is neither
 */
export function pythonWithEzkl(): string {
  if (process.env.TESSERA_PYTHON !== undefined) return process.env.TESSERA_PYTHON;
  const python = environmentPython(readSettings(process.env).directory.python);
  if (existsSync(python)) return python;
  throw new Error(`These tests need ezkl, and ${python} does not exist. Run: npx tessera setup`);
}
