import { describe, expect, it } from 'vitest';
import { judge, unmeasured } from './row.ts';

describe('judge', () => {
  const figure = { name: 'a/time', unit: 's' } as const;
  const half = { of: 'ratio', atMost: 1 / 2 } as const;

  it('holds a ratio to its mark, the limit included', () => {
    expect(judge({ ...figure, value: 5, baseline: 10, mark: half })).toEqual({
      ...figure,
      value: 5,
      baseline: 10,
      ratio: 0.5,
      fidelity: null,
      mark: 'at most 1/2 of the baseline',
      holds: true,
    });
    expect(judge({ ...figure, value: 5.01, baseline: 10, mark: half }).holds).toBe(false);
  });

  it('holds a value to its mark whatever the baseline', () => {
    const mark = { of: 'value', atMost: 4000 } as const;
    const row = judge({ name: 'a/memory', unit: 'MB', value: 4000, baseline: 1, mark });
    expect(row).toMatchObject({ mark: 'at most 4,000 MB', holds: true });
    expect(judge({ ...row, baseline: 1, mark, value: 4001 }).holds).toBe(false);
  });

  it('counts a row only from 99 % fidelity on', () => {
    const row = { ...figure, value: 1, baseline: 10, mark: half };
    expect(judge({ ...row, fidelity: 0.99 }).holds).toBe(true);
    expect(judge({ ...row, fidelity: 0.98 }).holds).toBe(false);
  });

  it('neither holds nor misses what has no mark', () => {
    expect(judge({ ...figure, value: 1 })).toMatchObject({ mark: null, holds: null });
  });

  it('says marks as fractions where they are such', () => {
    const markOf = (atMost: number) => judge({ ...figure, value: 1, mark: { of: 'ratio', atMost } }).mark;
    expect(markOf(1 / 200)).toBe('at most 1/200 of the baseline');
    expect(markOf(0.4)).toBe('at most 0.4 of the baseline');
    expect(markOf(1)).toBe('no more than the baseline');
  });
});

describe('unmeasured', () => {
  it('misses the marks of what could not be measured', () => {
    const [row] = unmeasured([{ name: 'a/time', unit: 's', mark: { of: 'value', atMost: 1 } }]);
    expect(row).toMatchObject({ value: null, holds: false });
  });

  it('misses a ratio without a baseline', () => {
    const mark = { of: 'ratio', atMost: 1 } as const;
    expect(judge({ name: 'a/time', unit: 's', value: 1, mark }).holds).toBe(false);
  });
});
