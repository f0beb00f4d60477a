import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { rebuild } from '../../node/audit/rebuild.ts';
import { importModel } from '../../node/model/import/index.ts';
import { openProvers } from '../../node/open-provers.ts';
import type { Prover } from '../../node/provers/prover.ts';
import { execute } from '../../node/requester/execute.ts';
import type { PartsInit } from '../../node/setup/index.ts';
import { decodeCertificate } from '../../protocol/certificate-codec.ts';
import { quantise } from '../../protocol/quantise.ts';
import { sameClass } from '../classes.ts';

export interface FidelityOptions {
  /** ONNX file of one input and one output. */
  model: string;
  /** Of this model; its circuits are those that are executed. */
  certificate: string;
  /** Where it was made, so that the circuits' keys are in the cache. */
  installation: PartsInit;
  /** Float inputs of the model. */
  samples: readonly Float32Array[];
  signal: AbortSignal;
}

/**
 * The share of samples whose class is the float model's, when a certificate's circuits are executed by their provers,
 * each segment on what the ones before it gave.
 *
 * @throws RangeError when the certificate's circuits cannot be made again from the model
 */
export async function slicedFidelity(options: FidelityOptions): Promise<number> {
  const { model: path, installation, samples, signal } = options;
  const { manifest, artifacts } = decodeCertificate(new Uint8Array(await readFile(options.certificate)));
  const parallel = availableParallelism();
  const opened = await openProvers({ installation, parallel, setup: 'development' });
  const limits = { parallel, memory: totalmem() };
  try {
    const provers = new Map([...opened.provers].map(([name, prover]) => [name, compiling(prover)]));
    const rebuilt = await rebuild(manifest, { model: path, limits, artifacts, signal }, provers);
    const { segments } = rebuilt;
    if (segments === undefined) {
      throw new RangeError(rebuilt.problems.map(({ message }) => message).join('; '));
    }
    const { edges, inputs, outputs } = manifest.graph;
    const [input, output] = [edges[inputs[0] ?? -1], edges[outputs[0] ?? -1]];
    const { model } = await importModel(path, { signal });
    return await sameClass(
      model,
      samples,
      async (sample) => {
        const integers = quantise(Float64Array.from(sample), input?.type.scale ?? 0);
        const given = new Map([[input?.name ?? '', integers]]);
        const values = await execute(segments, given, provers, limits, { signal });
        return values.get(output?.name ?? '') ?? [];
      },
      signal,
    );
  } finally {
    await opened.close();
  }
}

/** A circuit rebuilt around stated keys is for comparing; one that is compiled anew can be executed. */
function compiling({ rebuild: _, ...prover }: Prover): Prover {
  return prover;
}
