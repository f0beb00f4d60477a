import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TesseraError } from '../protocol/errors.ts';
import { nodeCost } from './model/cost.ts';
import { importModel } from './model/import/index.ts';
import type { TensorType } from './model/model.ts';
import { writeModel } from './model/onnx/index.ts';
import { parseStrategy, segmentModel, slice } from './model/slice/index.ts';
import { type NodeSupport, unsupportedNodes } from './plan/provability.ts';
import type { RunOptions } from './progress.ts';
import type { Unsupported } from './provers/prover.ts';

export interface SliceOptions extends RunOptions {
  /** Path of the ONNX file. */
  model: string;
  shapes?: Readonly<Record<string, readonly number[]>>;
  /** Slicing strategy, e.g. `parts=3`. */
  strategy: string;
  /** Directory that gets one ONNX file a segment, and `graph.json`. */
  out: string;
  /** What each prover cannot prove. */
  provers: readonly NodeSupport[];
}

/** What `graph.json` holds. */
export interface SliceReport {
  /** sha2-256 of the model's files. */
  model: string;
  segments: readonly {
    id: string;
    file: string;
    nodes: readonly string[];
    inputs: readonly string[];
    outputs: readonly string[];
    provable: boolean;
    unsupported: readonly Unsupported[];
  }[];
  edges: Readonly<Record<string, TensorType>>;
  inputs: readonly string[];
  outputs: readonly string[];
}

const graphFile = 'graph.json';

/**
 * Writes a model's segments as ONNX files of their own, and the graph that joins them.
 *
 * @throws TesseraError `USAGE` when the directory holds anything but an earlier slicing
 */
export async function sliceModel(options: SliceOptions): Promise<SliceReport> {
  const { signal, onProgress, out } = options;
  const strategy = parseStrategy(options.strategy);
  onProgress?.({ type: 'stage', stage: 'import', done: 0, total: 1 });
  const { model, sha256 } = await importModel(options.model, {
    ...(options.shapes ? { shapes: options.shapes } : {}),
    ...(signal ? { signal } : {}),
  });
  const { segments } = slice(model, strategy, (node) => nodeCost(model, node));
  await prepare(out);
  const written: SliceReport['segments'][number][] = [];
  for (const [done, segment] of segments.entries()) {
    onProgress?.({ type: 'stage', stage: 'slice', done, total: segments.length, detail: segment.id });
    const file = `${segment.id}.onnx`;
    await writeModel(segmentModel(model, segment), join(out, file), signal ? { signal } : {});
    const unsupported = unsupportedNodes(model, segment, options.provers);
    written.push({
      ...segment,
      file,
      nodes: segment.nodes.map((index) => model.nodes[index]?.name ?? ''),
      provable: unsupported.length === 0,
      unsupported,
    });
  }
  onProgress?.({ type: 'stage', stage: 'slice', done: segments.length, total: segments.length });
  const crossing = new Set(segments.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]));
  const report: SliceReport = {
    model: sha256,
    segments: written,
    edges: Object.fromEntries([...model.types].filter(([name]) => crossing.has(name))),
    inputs: model.inputs,
    outputs: model.outputs,
  };
  await writeFile(join(out, graphFile), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

/** Makes the directory, or takes the files of an earlier slicing out of it. */
async function prepare(out: string): Promise<void> {
  await mkdir(out, { recursive: true });
  const names = await readdir(out);
  const foreign = names.filter((name) => name !== graphFile && !/\.onnx(\.data)?$/.test(name));
  if (foreign.length > 0 || (names.length > 0 && !names.includes(graphFile))) {
    throw new TesseraError('USAGE', {
      message: `${out} is not empty and holds no earlier slicing`,
      remedy: 'Choose an empty or new directory for --out.',
      details: { found: names.slice(0, 5) },
    });
  }
  for (const name of names) await rm(join(out, name));
}
