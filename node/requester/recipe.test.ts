import { expect, test } from 'vitest';
import { limits } from '../../protocol/limits.ts';
import { strategyInRecipe } from './recipe.ts';

const cutsAt = (bytes: number) => ({ kind: 'cuts', tensors: ['x'.repeat(bytes - 'cuts='.length)] }) as const;

test('a strategy that a recipe cannot hold is refused with what to do', () => {
  expect(strategyInRecipe(cutsAt(limits.parameterBytes))).toHaveLength(limits.parameterBytes);
  expect(() => strategyInRecipe(cutsAt(limits.parameterBytes + 1))).toThrow(
    expect.objectContaining({ code: 'UNPROVABLE', remedy: expect.stringContaining('parts=N') }),
  );
});
