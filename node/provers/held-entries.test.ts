import { expect, test } from 'vitest';
import { HeldEntries } from './held-entries.ts';
import type { CompiledSegment } from './prover.ts';

/** Entries that note when they are released. */
function entries() {
  const released: string[] = [];
  const entry = (name: string) => ({ release: async () => void released.push(name) });
  return { released, entry };
}

const segment = () => ({}) as CompiledSegment;

test('what a segment holds stays until it is released, and only its own goes', async () => {
  const { released, entry } = entries();
  const held = new HeldEntries();
  const [first, second] = [segment(), segment()];
  await held.open(async (hold) => {
    hold(entry('circuit'));
    return first;
  });
  await held.open(async (hold) => {
    hold(entry('other'));
    return second;
  });
  held.add(first, entry('export'));
  expect(released).toEqual([]);
  await held.release(first);
  await held.release(first);
  expect(released).toEqual(['circuit', 'export']);
  await held.releaseAll();
  expect(released).toEqual(['circuit', 'export', 'other']);
});

test('a segment that cannot be opened holds nothing', async () => {
  const { released, entry } = entries();
  const opening = new HeldEntries().open(async (hold) => {
    hold(entry('circuit'));
    throw new Error('its keys are another’s');
  });
  await expect(opening).rejects.toThrow('its keys are another’s');
  expect(released).toEqual(['circuit']);
});
