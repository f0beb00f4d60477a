import { readSettings } from '../../node/cli/settings.ts';
import { builtWorker } from '../../node/provers/groth16/testing/worker.ts';
import { parts, setup } from '../../node/setup/index.ts';
import { findPython } from '../../node/setup/python.ts';
import { fetchLightModels } from './light-models.ts';

/** Installs what the tests need beyond npm: the program's own parts, and published models. */
export default async function globalSetup(project: {
  config: { env: Record<string, string> };
}): Promise<void> {
  const settings = readSettings(process.env);
  const outcomes = await setup({
    directory: settings.directory,
    parts: parts(settings),
    onProgress: (part, step) => console.error(`${part}: ${step}`),
  });
  for (const part of outcomes) {
    if (part.outcome === 'failed') throw part.error;
    if (part.outcome === 'left out')
      console.error(`${part.name} is left out: the tests that need it are skipped.`);
  }
  // Tests that run at once would each build it.
  await builtWorker();

  const folder = project.config.env.TESSERA_TEST_LIGHT_MODELS;
  if (folder === undefined) throw new Error('vitest.config.ts names no folder for the light models.');
  await fetchLightModels((await findPython()).executable, folder);
}
