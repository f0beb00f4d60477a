import { expect, test } from 'vitest';
import { dataDirectory } from '../setup/data-directory.ts';
import { type PartsInit, parts, partsOf } from '../setup/index.ts';
import { neededProvers, type ProverFlags } from './tessera.ts';

const all: PartsInit = { directory: dataDirectory('/nowhere'), leftOut: {}, environment: {} };
const needed = (flags: ProverFlags) => partsOf(parts(all), neededProvers(flags)).map(({ name }) => name);

test('a named prover needs its own parts only', () => {
  expect(needed({ prover: 'groth16' })).toEqual(['groth16']);
  expect(needed({ prover: 'ezkl' })).toEqual(['ezkl', 'ezkl-engine']);
});

test('a plan may use every prover that --setup does not leave out', () => {
  for (const flags of [{}, { prover: 'auto' }]) {
    expect(needed(flags)).toEqual(parts(all).map(({ name }) => name));
    expect(needed({ ...flags, setup: 'universal' })).toEqual(['ezkl', 'ezkl-engine']);
  }
});
