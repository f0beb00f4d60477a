import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importModel } from '../../model/import/index.ts';
import type { Model, TensorType } from '../../model/model.ts';
import { encodeModel } from '../../model/onnx/encode.ts';
import { tensorOf } from '../../model/tensor-data.ts';
import { cutModel } from '../../plan/cut.ts';
import { draftSegments } from '../../plan/draft.ts';
import { compileSegments } from '../../requester/compile.ts';
import { execute } from '../../requester/execute.ts';
import { buildGraph } from '../../requester/graph.ts';
import type { Job } from '../../requester/job.ts';
import { createWaitingProver, waitingParams } from './waiting-prover.ts';

export interface WaitingJobInit {
  segments: number;
  /** That each of them takes. */
  seconds: number;
  /** The input: another one makes another job. */
  input: number;
  /** Where its model may lie. */
  directory: string;
}

/** A chain of segments that take time and nothing else, ready to be proven. */
export async function waitingJob({
  segments: count,
  seconds,
  input,
  directory,
}: WaitingJobInit): Promise<Job> {
  const path = join(directory, 'chain.onnx');
  await writeFile(path, await encodeModel(chain(count)));
  const imported = await importModel(path);
  const each = imported.model.nodes.map((_, index) => [index]);
  const cut = cutModel(imported.model, { kind: 'segments', segments: each, tiles: [] }, () => undefined);
  const prover = createWaitingProver();
  const expected = {
    prover: prover.name,
    constraints: 1,
    setupSeconds: 0,
    proveSeconds: seconds,
    setupBytes: 1,
    proveBytes: 1,
    provingKeyBytes: 0,
    proofBytes: 128,
  };
  const plans = draftSegments(cut.model, cut.slicing, () => prover.name, new Map()).map((draft) => ({
    ...draft,
    params: waitingParams(seconds),
    expected,
  }));
  const provers = new Map([[prover.name, prover]]);
  const limits = { parallel: 1, memory: 2 ** 30 };
  const segments = await compileSegments(plans, provers, limits);
  const { inputs, outputs } = cut.model;
  const compiled = buildGraph(segments, inputs, outputs);
  const name = inputs[0] as string;
  const values = await execute(segments, new Map([[name, [BigInt(input)]]]), provers, limits);
  return {
    imported,
    inputs: new Map([[name, tensorOf(name, { element: 'float32', shape: [1] }, [input])]]),
    cut,
    committed: { input: false, output: false },
    plans,
    limits,
    segments,
    compiled,
    values,
    blindings: new Map(),
  };
}

function chain(length: number): Model {
  const type: TensorType = { element: 'float32', shape: [1] };
  const names = Array.from({ length: length + 1 }, (_, index) => `t${index}`);
  return {
    name: 'chain',
    irVersion: 8,
    opsets: new Map([['', 13]]),
    inputs: [names[0] as string],
    outputs: [names[length] as string],
    nodes: names.slice(1).map((output, index) => ({
      name: `n${index}`,
      operator: 'Neg',
      domain: '',
      inputs: [names[index] as string],
      outputs: [output],
      attributes: new Map(),
    })),
    constants: new Map(),
    types: new Map(names.map((name) => [name, type])),
  };
}
