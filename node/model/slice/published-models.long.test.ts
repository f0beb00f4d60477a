import { describe, expect, it } from 'vitest';
import { everyStrategy, expectSlicesEqual, importRandomised } from '../test-models/expect-slices-equal.ts';
import { lightModel, lightModels } from '../test-models/light-models.ts';

describe('slices', () => {
  it.each(lightModels)('compute what %s does with random weights, by every strategy', async (name) => {
    const model = await importRandomised(lightModel(name));
    for (const { segments } of await expectSlicesEqual(model, everyStrategy(model))) {
      expect(segments.length).toBeGreaterThan(1);
    }
  });
});
