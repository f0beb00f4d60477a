import { enginePart, ezklPart, type Part } from '../setup/index.ts';
import type { Settings } from './settings.ts';

/** Every part that this program can use, in the order in which they are set up. */
export function parts({ directory, withoutEzkl }: Settings): Part[] {
  const leftOut = withoutEzkl === undefined ? {} : { leftOut: withoutEzkl };
  return [ezklPart({ environment: directory.python, ...leftOut }), enginePart(leftOut)];
}
