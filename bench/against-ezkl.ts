import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../node/package.ts';
import type { Benchmark, FigureMark } from './benchmark.ts';
import { testDigits, writeInputs } from './digits.ts';
import { predictionMarks, predictionRows } from './prediction.ts';
import { summarise } from './repeat.ts';
import { judge, type Mark } from './row.ts';
import { slicedFidelity } from './tessera/fidelity.ts';
import type { PlanChoice } from './tessera/plan-choice.ts';
import { proveFromNothing } from './tessera/prove.ts';

export const megabyte = 1e6;

/** The input of every model of digits that the package ships. */
export const digitTensor = 'image';

export interface AgainstEzkl {
  name: string;
  /** One of the models that the package ships, by name. */
  model: string;
  choice: PlanChoice;
  /** Left out for a plan that is only shown. */
  marks?: { time: Mark; memory: Mark };
}

/** A plan of ours for a shipped model, keys made and one digit proven, held against whole-model ezkl. */
export function againstEzkl({ name, model, choice, marks }: AgainstEzkl): Benchmark {
  const time: FigureMark = { name: `${name}/time`, unit: 's', ...(marks && { mark: marks.time }) };
  const memory: FigureMark = { name: `${name}/memory`, unit: 'MB', ...(marks && { mark: marks.memory }) };
  return {
    name,
    marks: [time, memory, ...predictionMarks(name)],
    async run(context) {
      const { scratch, signal } = context;
      const path = join(packageRoot, 'models', `${model}.onnx`);
      const samples = await testDigits();
      const { tessera: input, calibration } = await writeInputs(
        scratch,
        digitTensor,
        samples[0] as Float32Array,
      );
      const { runs, installation, certificate } = await proveFromNothing({
        model: path,
        input,
        choice,
        calibration,
        installation: context.installation,
        scratch,
        signal,
      });
      const { seconds, peakBytes } = summarise(runs);
      const { segments, strategy } = runs[0].answer;
      context.say('executing the circuits on 50 digits');
      const fidelity = await slicedFidelity({ model: path, certificate, installation, samples, signal });
      await rm(installation.directory.root, { recursive: true });
      const baseline = await context.baseline(model);
      return {
        rows: [
          judge({ ...time, value: seconds, baseline: baseline.seconds, fidelity }),
          judge({
            ...memory,
            value: peakBytes / megabyte,
            baseline: baseline.peakBytes / megabyte,
            fidelity,
          }),
          ...predictionRows(name, segments),
        ],
        detail: { choice, strategy, segments, baseline },
      };
    },
  };
}
