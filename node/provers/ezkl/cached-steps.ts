/** What ezkl makes of a segment besides its keys, each made once for the same content and kept in the cache. */
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TesseraError } from '../../../protocol/errors.ts';
import { sha256Hex } from '../../../protocol/ids.ts';
import type { ArtifactCache, OpenEntry } from '../../artifacts/cache.ts';
import { encodeModel } from '../../model/onnx/encode.ts';
import type { Call } from '../call.ts';
import type { SegmentSource } from '../prover.ts';
import { keyFiles } from './keys.ts';
import { checkParams, type EzklParams } from './parameters.ts';
import { explainRange, requireInTables } from './ranges.ts';
import { runArguments } from './run-arguments.ts';
import type { OpenSrs } from './srs.ts';
import { ezklVersion } from './version.ts';
import { encodeInputs } from './witness-files.ts';

/** Part of every cache key: raise it when the files or what they mean change. */
const layoutVersion = 2;

export const circuitFiles = { settings: 'settings.json', circuit: 'circuit.ezkl' } as const;
export const witnessFile = 'witness.json';
export const proofFile = 'proof.json';

/** Files of a compiled segment, in place until they are released. */
export interface OpenFiles {
  circuit: OpenEntry;
  keys: OpenEntry;
  srs: OpenSrs;
}

/** Compiles a segment: {@link circuitFiles}. */
export async function openCircuit(
  cache: ArtifactCache,
  source: SegmentSource,
  params: EzklParams,
  call: Call,
): Promise<OpenEntry> {
  checkParams(params);
  const model = await encodeModel(source.model, call.signalOption);
  const arguments_ = runArguments(source, params);
  return call.step('compile', () =>
    cache.open(
      'ezkl-circuit',
      { layoutVersion, ezkl: ezklVersion, model: sha256Hex(model), arguments: arguments_ },
      async (directory) => {
        const path = join(directory, 'model.onnx');
        await writeFile(path, model);
        await call.request('compile', {
          model: path,
          settings: join(directory, circuitFiles.settings),
          circuit: join(directory, circuitFiles.circuit),
          arguments: arguments_,
        });
        await rm(path);
      },
      call.signal,
    ),
  );
}

/** Executes a segment: {@link witnessFile}. */
export function openWitness(
  cache: ArtifactCache,
  { circuit, srs, keys }: OpenFiles,
  inputs: readonly (readonly bigint[])[],
  call: Call,
): Promise<OpenEntry> {
  const text = encodeInputs(inputs);
  const digest = createHash('sha256').update(text).digest('hex');
  return call.step('execute', () =>
    cache.open(
      'ezkl-witness',
      { layoutVersion, keys: keys.key, inputs: digest },
      async (directory) => {
        const input = join(directory, 'input.json');
        await writeFile(input, text);
        await call
          .request('execute', {
            circuit: join(circuit.path, circuitFiles.circuit),
            input,
            witness: join(directory, witnessFile),
            srs: srs.path,
          })
          .catch((error: unknown) => {
            throw explainRange(error);
          });
        await rm(input);
        requireInTables(
          await readFile(join(directory, witnessFile), 'utf8'),
          await readFile(join(circuit.path, circuitFiles.settings), 'utf8'),
        );
      },
      call.signal,
    ),
  );
}

/**
 * Proves an execution and verifies the proof: {@link proofFile}.
 *
 * @param openKeys opens the keys to prove with
 * @throws TesseraError `PROVER_FAILED` for a proof that does not verify
 */
export function openProof(
  cache: ArtifactCache,
  { circuit, srs }: Pick<OpenFiles, 'circuit' | 'srs'>,
  openKeys: () => Promise<OpenEntry>,
  witness: OpenEntry,
  call: Call,
): Promise<OpenEntry> {
  return call.step('prove', () =>
    cache.open(
      'ezkl-proof',
      { layoutVersion, witness: witness.key },
      async (directory) => {
        const proof = join(directory, proofFile);
        const keys = await openKeys();
        try {
          await call.request('prove', {
            circuit: join(circuit.path, circuitFiles.circuit),
            provingKey: join(keys.path, keyFiles.provingKey),
            witness: join(witness.path, witnessFile),
            proof,
            srs: srs.path,
          });
          const { value } = await call.request('verify', {
            proof,
            settings: join(circuit.path, circuitFiles.settings),
            verifyingKey: join(keys.path, keyFiles.verifyingKey),
            srs: srs.path,
          });
          if (value !== true) {
            throw new TesseraError('PROVER_FAILED', { message: 'ezkl made a proof that does not verify' });
          }
        } finally {
          await keys.release();
        }
      },
      call.signal,
    ),
  );
}
