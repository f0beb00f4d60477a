import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../node/package.ts';
import { findPython } from '../../node/setup/python.ts';
import { fetchLightModels } from '../../tests/setup/light-models.ts';
import { megabyte } from '../against-ezkl.ts';
import type { Benchmark, FigureMark } from '../benchmark.ts';
import { repeat, summarise } from '../repeat.ts';
import { judge } from '../row.ts';
import { runTessera } from '../tessera/command.ts';

/** Where the tests keep the published networks. */
const folder = join(packageRoot, 'node_modules', '.cache', 'tessera', 'light-models');

const time: FigureMark = { name: 'light-vgg19/time', unit: 's', mark: { of: 'value', atMost: 10 } };
const memory: FigureMark = { name: 'light-vgg19/memory', unit: 'MB', mark: { of: 'value', atMost: 1000 } };

/** Import and slicing of the published VGG-19, whose 144 million weights are one repeated value a tensor. */
export const lightVgg19: Benchmark = {
  name: 'light-vgg19',
  marks: [time, memory],
  async run({ installation, scratch, signal }) {
    await fetchLightModels((await findPython(signal)).executable, folder);
    const model = join(folder, 'light_vgg19.onnx');
    const runs = await repeat(async () => {
      const out = await mkdtemp(join(scratch, 'slices-'));
      try {
        return await runTessera(['slice', model, '--by', 'layer', '--out', out], {
          home: installation.directory.root,
          signal,
        });
      } finally {
        await rm(out, { recursive: true });
      }
    });
    const { seconds, peakBytes } = summarise(runs);
    return {
      rows: [judge({ ...time, value: seconds }), judge({ ...memory, value: peakBytes / megabyte })],
    };
  },
};
