import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importModel } from '../node/model/import/index.ts';
import { writeModel } from '../node/model/onnx/index.ts';
import { randomInputs } from '../node/model/random-inputs.ts';
import { megabyte } from './against-ezkl.ts';
import type { Benchmark, FigureMark } from './benchmark.ts';
import { convolutionModel } from './models/convolution.ts';
import { predictionMarks, predictionRows } from './prediction.ts';
import { summarise } from './repeat.ts';
import { judge } from './row.ts';
import type { PlanChoice } from './tessera/plan-choice.ts';
import { proveFromNothing } from './tessera/prove.ts';

export interface TiledConvolution {
  name: string;
  channels: number;
  side: number;
  choice: PlanChoice;
  /** MB that the whole process tree may take. */
  memoryMark: number;
}

/** A convolution too large for one circuit within a limit, proven in pieces of the layer. */
export function tiledConvolution({ name, channels, side, choice, memoryMark }: TiledConvolution): Benchmark {
  const time: FigureMark = { name: `${name}/time`, unit: 's' };
  const memory: FigureMark = {
    name: `${name}/memory`,
    unit: 'MB',
    mark: { of: 'value', atMost: memoryMark },
  };
  return {
    name,
    marks: [time, memory, ...predictionMarks(name)],
    async run({ installation, scratch, signal }) {
      const path = join(scratch, `${name}.onnx`);
      await writeModel(convolutionModel(channels, side), path, { signal });
      const { model } = await importModel(path, { signal });
      const input = join(scratch, `${name}.json`);
      const tensors = [...randomInputs(model, 1)].map(([tensor, { data }]) => [
        tensor,
        Array.from(data as Float32Array),
      ]);
      await writeFile(input, JSON.stringify(Object.fromEntries(tensors)));
      const proven = await proveFromNothing({ model: path, input, choice, installation, scratch, signal });
      await rm(proven.installation.directory.root, { recursive: true });
      const { seconds, peakBytes } = summarise(proven.runs);
      const { segments, strategy } = proven.runs[0].answer;
      if (segments.length < 2) throw new RangeError('the convolution was proven in one circuit');
      return {
        rows: [
          judge({ ...time, value: seconds }),
          judge({ ...memory, value: peakBytes / megabyte }),
          ...predictionRows(name, segments),
        ],
        detail: { choice, strategy, segments },
      };
    },
  };
}
