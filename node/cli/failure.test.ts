import { expect, it } from 'vitest';
import { toTesseraError } from './failure.ts';

it('tells who interrupts a verb what of its work is kept', () => {
  const remedy = (verb: string) => toTesseraError(new Error('it ended'), AbortSignal.abort(), verb).remedy;
  expect(remedy('prove')).toMatch(/taken from the cache/);
  expect(remedy('artifacts')).toMatch(/what was fetched of an artifact so far is kept/);
  expect(remedy('artifacts')).not.toMatch(/cache/);
});
