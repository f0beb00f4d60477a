import { expect, it } from 'vitest';
import { selectBenchmarks } from './selection.ts';

const known = ['cnn-small', 'cnn-small-ezkl', 'lenet-fast', 'lenet-small', 'gas'];

it.each([
  ['one by its name, and not what begins with it', 'cnn-small', ['cnn-small']],
  ['several by what they begin with', 'lenet', ['lenet-fast', 'lenet-small']],
  ['the one of a row', 'lenet-fast/time', ['lenet-fast']],
  ['all that are listed', 'gas,cnn-small-ezkl', ['gas', 'cnn-small-ezkl']],
])('chooses %s', (_, words, chosen) => {
  expect(selectBenchmarks(words, known)).toEqual(chosen);
});

it.each(['', 'len', 'gas,none'])('refuses %j and says what there is', (words) => {
  expect(() => selectBenchmarks(words, known)).toThrow(/^There is no .*; there are cnn-small, .*gas\.$/);
});
