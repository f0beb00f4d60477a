import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize } from 'node:v8';
import { TesseraError } from '../../../protocol/errors.ts';
import { sha256Hex } from '../../../protocol/ids.ts';
import type { ArtifactCache, OpenEntry } from '../../artifacts/cache.ts';
import { encodeModel } from '../../model/onnx/encode.ts';
import { version } from '../../package.ts';
import type { Call } from '../call.ts';
import type { SegmentSource } from '../prover.ts';
import { compileInThread } from './compile-in-thread.ts';
import type { SegmentCircuit } from './compile-segment.ts';
import { parseGroth16Params } from './parameters.ts';
import { checkPorts } from './ports.ts';

/** A compiled segment in the cache. */
export interface OpenSegmentCircuit {
  entry: OpenEntry;
  circuit: SegmentCircuit;
  /** Path of the circuit. */
  path: string;
  /** Path of the constraint system. */
  constraints: string;
}

/** Part of every cache key: raise it when the files, quantisation or a gadget change within a version. */
const layoutVersion = 4;
const kind = 'groth16-circuit';
const files = { circuit: 'circuit.bin', constraints: 'constraints.bin' } as const;

/**
 * A segment's circuit, compiled once for the same model, ports and parameters.
 *
 * @throws TesseraError as {@link compileInThread}, and `ENCODING_INVALID` for malformed parameters
 */
export async function openSegmentCircuit(
  cache: ArtifactCache,
  source: SegmentSource,
  params: string,
  call: Call,
): Promise<OpenSegmentCircuit> {
  const parsed = parseGroth16Params(params);
  checkPorts(source);
  const model = await encodeModel(source.model, call.signalOption);
  const entry = await call.step('compile', () =>
    cache.open(
      kind,
      {
        layoutVersion,
        version,
        serialisation: process.versions.v8,
        model: sha256Hex(model),
        params,
        ports: describePorts(source),
      },
      async (directory) => {
        const { circuit, constraints } = await compileInThread({ source, params: parsed }, limitsOf(call));
        await writeFile(join(directory, files.constraints), constraints);
        await writeFile(join(directory, files.circuit), circuit);
      },
      call.signal,
    ),
  );
  const path = join(entry.path, files.circuit);
  try {
    const circuit = await readSegmentCircuit(path);
    return { entry, circuit, path, constraints: join(entry.path, files.constraints) };
  } catch (error) {
    await entry.release();
    throw error;
  }
}

/** @throws TesseraError `INTERNAL` for a file of the cache that was changed or lost */
export async function readSegmentCircuit(path: string): Promise<SegmentCircuit> {
  try {
    return deserialize(await readFile(path)) as SegmentCircuit;
  } catch (cause) {
    throw new TesseraError('INTERNAL', { message: 'A compiled circuit in the cache cannot be read', cause });
  }
}

function limitsOf({ signalOption, remaining }: Call): { signal?: AbortSignal; timeout?: number } {
  return { ...signalOption, ...(remaining === undefined ? {} : { timeout: remaining }) };
}

/** The ports as JSON, which has no big integers. */
function describePorts({ inputs, outputs }: SegmentSource): string {
  return JSON.stringify({ inputs, outputs }, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}
