import { describe } from 'vitest';

/**
 * `describe` for tests that need what not every machine has: where it is missing they are skipped, and the run says why.
 *
 * @param missing why they cannot run on this machine, e.g. `there is no Go`; `undefined` where they can
 */
export function describeUnless(missing: string | undefined, title: string, tests: () => void): void {
  if (missing !== undefined) console.error(`Skipped, as ${missing}: ${title}`);
  describe.skipIf(missing !== undefined)(title, tests);
}
