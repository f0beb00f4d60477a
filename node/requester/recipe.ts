import type { Recipe } from '../../protocol/manifest.ts';
import type { ImportedModel } from '../model/import/index.ts';
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
