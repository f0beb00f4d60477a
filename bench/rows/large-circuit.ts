import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeModel } from '../../node/model/onnx/index.ts';
import { megabyte } from '../against-ezkl.ts';
import type { Benchmark, FigureMark } from '../benchmark.ts';
import type { BuiltCircuit } from '../groth16/build-circuit.ts';
import { measureProcess } from '../measured-process.ts';
import { convolutionModel } from '../models/convolution.ts';
import { repeat, summarise } from '../repeat.ts';
import { judge } from '../row.ts';

const program = fileURLToPath(new URL('../groth16/build-circuit.ts', import.meta.url));
/** 64 channels to 64, 3 × 3, on 18 × 18: 11 million terms. */
const size = { channels: 64, side: 18 } as const;
const leastTerms = 10e6;

const time: FigureMark = { name: 'large-circuit/time', unit: 's', mark: { of: 'value', atMost: 20 } };
const memory: FigureMark = { name: 'large-circuit/memory', unit: 'MB', mark: { of: 'value', atMost: 2000 } };

/** Building a circuit of more than ten million terms. */
export const largeCircuit: Benchmark = {
  name: 'large-circuit',
  marks: [time, memory],
  async run({ scratch, signal }) {
    const model = join(scratch, 'large.onnx');
    await writeModel(convolutionModel(size.channels, size.side), model, { signal });
    const runs = await repeat(async () => {
      const { stdout, peakBytes } = await measureProcess(process.execPath, [program, model], { signal });
      const built = JSON.parse(stdout) as BuiltCircuit;
      if (built.terms < leastTerms) throw new RangeError(`the circuit has only ${built.terms} terms`);
      return { ...built, peakBytes };
    });
    const { seconds, peakBytes } = summarise(runs);
    return {
      rows: [judge({ ...time, value: seconds }), judge({ ...memory, value: peakBytes / megabyte })],
      detail: { terms: runs[0].terms, constraints: runs[0].constraints },
    };
  },
};
