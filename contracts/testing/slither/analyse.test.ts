import { describe, expect, it } from 'vitest';
import { explainedFindings, type Finding, findingsIn, judgeFindings } from './analyse.ts';

const registry = { type: 'contract', name: 'ModelRegistry' };
const register = { type: 'function', name: 'registerCircuit', type_specific_fields: { parent: registry } };
const local = { type: 'variable', name: 'circuit', type_specific_fields: { parent: register } };
const reportOf = (...elements: unknown[]) => ({
  success: true,
  error: null,
  results: {
    detectors: elements.map((element) => ({
      check: 'some-check',
      description: 'what\n',
      elements: [element],
    })),
  },
});

describe('what Slither found', () => {
  it('is known by check, contract and function', () => {
    expect(findingsIn(reportOf(register, local, registry)).map(({ check, at }) => [check, at])).toEqual([
      ['some-check', 'ModelRegistry.registerCircuit'],
      ['some-check', 'ModelRegistry.registerCircuit'],
      ['some-check', 'ModelRegistry'],
    ]);
  });

  it('is not nothing when it failed', () => {
    expect(() => findingsIn({ success: false, error: 'no compiler', results: {} })).toThrow('no compiler');
    expect(findingsIn({ success: true, error: null, results: {} })).toEqual([]);
  });

  it('is held against what is explained, both ways', () => {
    const finding = (check: string, at: string): Finding => ({ check, at, description: '' });
    const explained = [{ checks: ['a', 'b'], at: ['X.f'], why: 'it is meant' }];
    const [known, elsewhere, other] = [finding('a', 'X.f'), finding('a', 'X.g'), finding('c', 'X.f')];
    expect(judgeFindings([known, elsewhere, other], explained)).toEqual({
      unexplained: [elsewhere, other],
      obsolete: ['b X.f'],
    });
  });

  it('has an explanation for each place that stays', async () => {
    const places = (await explainedFindings()).flatMap(({ at }) => at);
    expect(places).toContain('ModelRegistry.registerCircuit');
  });
});
