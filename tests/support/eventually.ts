import { vi } from 'vitest';

/** Milliseconds: many times what anything that is waited for takes, as the machine may be busy with other work. */
const patience = 300_000;

/**
 * Waits for what other processes, a network or timers bring about: checks until a check passes.
 *
 * @param interval milliseconds between two checks
 * @throws what the last check threw
 */
export function eventually<T>(check: () => T | Promise<T>, interval = 100): Promise<T> {
  return vi.waitFor(check, { timeout: patience, interval });
}
