import { describe, it } from 'vitest';
import { expectEquivalent } from '../test-models/expect-equivalent.ts';
import { lightModel, lightModels } from '../test-models/light-models.ts';

describe('importModel', () => {
  it.each(lightModels)(
    'keeps what %s computes with random weights',
    (name) => expectEquivalent(lightModel(name)),
    600_000,
  );
});
