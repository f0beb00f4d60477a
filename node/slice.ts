import { join } from 'node:path';
import { replaceSlicing, type SlicingFiles, slicingFormat } from './files/slicing-directory.ts';
import { importModel } from './model/import/index.ts';
import type { ElementType } from './model/model.ts';
import { writeModel } from './model/onnx/index.ts';
import {
  constantResults,
  formatStrategy,
  parseStrategy,
  type Segment,
  segmentModel,
} from './model/slice/index.ts';
import type { Block, Blocks } from './model/tile/index.ts';
import { cutModel } from './plan/cut.ts';
import { segmentEstimator } from './plan/estimate.ts';
import { type NodeSupports, unsupportedNodes } from './plan/provability.ts';
import type { RunOptions } from './progress.ts';
import { defaultEzklParams } from './provers/ezkl/parameters.ts';
import type { Unsupported } from './provers/prover.ts';
import { proverSupport } from './provers/support.ts';

export interface SliceOptions extends RunOptions {
  /** Path of the ONNX file. */
  model: string;
  shapes?: Readonly<Record<string, readonly number[]>>;
  /** Slicing strategy, e.g. `parts=3`. */
  strategy: string;
  /** Directory that gets one ONNX file a segment, and `graph.json`. */
  out: string;
  /** What each prover cannot prove. */
  provers: NodeSupports;
}

/** What `graph.json` holds. */
export interface SliceReport extends SlicingFiles {
  /** sha2-256 of the model's files. */
  model: string;
  /** As the plan resolved it. */
  strategy: string;
  /** In an order in which they can be run. */
  segments: readonly {
    id: string;
    file: string;
    nodes: readonly string[];
    inputs: readonly string[];
    outputs: readonly string[];
    provable: boolean;
    unsupported: readonly Unsupported[];
  }[];
  /** A file without inputs that gives the outputs of the whole which never change, if there are any. */
  constants?: { file: string };
  edges: readonly {
    tensor: string;
    element: ElementType;
    shape: readonly number[];
    /** The part of a tensor of the model that it is, if a tile writes it. */
    block?: Block;
    /** A segment's id, `input` of the whole, or `constant`. */
    from: string;
    /** Segments' ids, and `output` for a result of the whole. */
    to: readonly string[];
  }[];
  inputs: readonly string[];
  outputs: readonly string[];
}

/**
 * Writes a model's segments as ONNX files of their own, and the graph that joins them. An earlier slicing in the
 * directory stays whole until all of the new one is written, and is then replaced.
 *
 * @throws TesseraError as `cutModel` does; `USAGE` when the directory holds anything but an earlier slicing, `STORAGE_FAILED`
 */
export async function sliceModel(options: SliceOptions): Promise<SliceReport> {
  const { signal, onProgress, out } = options;
  const cancellation = signal ? { signal } : {};
  const strategy = parseStrategy(options.strategy);
  onProgress?.({ type: 'stage', stage: 'import', done: 0, total: 1 });
  const { model: whole, sha256 } = await importModel(options.model, {
    ...(options.shapes ? { shapes: options.shapes } : {}),
    ...cancellation,
  });
  const estimate = segmentEstimator({ provers: proverSupport, scale: defaultEzklParams.scale });
  const cut = cutModel(whole, strategy, estimate, cancellation);
  const { model, blocks } = cut;
  const { segments, edges } = cut.slicing;
  const idOf = (end: number | string) => (typeof end === 'number' ? (segments[end]?.id ?? '') : end);
  const describe = (segment: Segment): SliceReport['segments'][number] => {
    const unsupported = unsupportedNodes(model, segment, options.provers);
    return {
      ...segment,
      file: fileOf(segment),
      nodes: segment.nodes.map((index) => model.nodes[index]?.name ?? ''),
      provable: unsupported.length === 0,
      unsupported,
    };
  };
  const constants = constantResults(model);
  const report: SliceReport = {
    format: slicingFormat,
    model: sha256,
    strategy: formatStrategy(cut.strategy),
    segments: segments.map(describe),
    ...(constants === undefined ? {} : { constants: { file: constantsFile } }),
    edges: edges.map(({ tensor, type, from, to }) => ({
      tensor,
      ...type,
      ...blockOf(blocks, tensor),
      from: idOf(from),
      to: to.map(idOf),
    })),
    inputs: model.inputs,
    outputs: model.outputs,
  };
  await replaceSlicing(out, report, async (directory) => {
    if (constants !== undefined) await writeModel(constants, join(directory, constantsFile), cancellation);
    for (const [done, segment] of segments.entries()) {
      onProgress?.({ type: 'stage', stage: 'slice', done, total: segments.length, detail: segment.id });
      await writeModel(segmentModel(model, segment), join(directory, fileOf(segment)), cancellation);
    }
  });
  onProgress?.({ type: 'stage', stage: 'slice', done: segments.length, total: segments.length });
  return report;
}

/** No segment is called `constant`: see `Segment.id`. */
const constantsFile = 'constant.onnx';

function blockOf(blocks: Blocks, tensor: string): { block?: Block } {
  const block = blocks.get(tensor);
  return block === undefined ? {} : { block };
}

function fileOf({ id }: Segment): string {
  return `${id}.onnx`;
}
