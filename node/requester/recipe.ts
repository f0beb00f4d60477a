import { TesseraError } from '../../protocol/errors.ts';
import { limits } from '../../protocol/limits.ts';
import type { Recipe } from '../../protocol/manifest.ts';
import type { ImportedModel } from '../model/import/index.ts';
import { formatStrategy, type Strategy } from '../model/slice/index.ts';
import type { CompiledGraph } from './graph.ts';

export interface RecipeInit {
  imported: ImportedModel;
  /** As on the command line. */
  strategy: string;
  /** Of this program. */
  version: string;
  compiled: CompiledGraph;
}

/** How a compiled graph was made from its model. */
export function recipeOf({ imported, strategy, version, compiled }: RecipeInit): Recipe {
  const { model, sha256 } = imported;
  return {
    model: sha256,
    shapes: Object.fromEntries(model.inputs.map((name) => [name, model.types.get(name)?.shape ?? []])),
    strategy,
    version,
    parameters: compiled.representatives.map(({ plan }) => plan.params),
  };
}

/**
 * How a model was cut, as its recipe says it.
 *
 * @throws TesseraError `UNPROVABLE` where that is longer than a recipe may hold
 */
export function strategyInRecipe(strategy: Strategy): string {
  const text = formatStrategy(strategy);
  const bytes = Buffer.byteLength(text);
  if (bytes <= limits.parameterBytes) return text;
  throw new TesseraError('UNPROVABLE', {
    message: `To say how the model is cut takes ${bytes} bytes; a recipe holds ${limits.parameterBytes}`,
    remedy: 'Cut it into fewer segments, or by --by parts=N or layer, which take few bytes.',
    details: { bytes, limit: limits.parameterBytes },
  });
}
