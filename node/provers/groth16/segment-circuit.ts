import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { EdgeType, Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import { sha256Hex } from '../../../protocol/ids.ts';
import type { ArtifactCache, OpenEntry } from '../../artifacts/cache.ts';
import { encodeModel } from '../../model/onnx/encode.ts';
import { version } from '../../package.ts';
import type { Call } from '../call.ts';
import { type CompiledCircuit, compileCircuit, countConstraints, quantiseModel } from '../circuit/index.ts';
import type { SegmentSource } from '../prover.ts';
import { type Groth16Params, parseGroth16Params, quantiseSettings } from './parameters.ts';
import { bindPorts, checkPorts, inputTypes } from './ports.ts';

/** A segment's circuit but for the constraints themselves, which only the worker reads. */
export interface SegmentCircuit extends Omit<CompiledCircuit, 'constraints'> {
  inputTypes: readonly EdgeType[];
  outputTypes: readonly EdgeType[];
  /** Rank-one constraints. */
  constraintCount: number;
  /** sha2-256 of the constraint system. */
  constraintsDigest: Hex32;
}

/** A compiled segment in the cache. */
export interface OpenSegmentCircuit {
  entry: OpenEntry;
  circuit: SegmentCircuit;
  /** Path of the constraint system. */
  constraints: string;
}

/** Part of every cache key: raise it when the files, quantisation or a gadget change within a version. */
const layoutVersion = 1;
const kind = 'groth16-circuit';
const files = { circuit: 'circuit.bin', constraints: 'constraints.bin' } as const;

/**
 * Quantises a segment and writes it as constraints. The same model, ports and parameters give the same bytes on any machine.
 *
 * @throws TesseraError `UNPROVABLE`, `INPUT_INVALID` where calibration is missing, or `RANGE_EXCEEDED` where a port
 *   cannot be bound as settled or an accumulator could pass 2^52
 */
export async function compileSegment(
  source: SegmentSource,
  params: Groth16Params,
): Promise<{ circuit: SegmentCircuit; constraints: Uint8Array }> {
  checkPorts(source);
  const { ranges, options } = quantiseSettings(params);
  const scales = source.outputs.flatMap(({ settled }, i) =>
    settled?.scale === undefined ? [] : [[source.model.outputs[i] as string, settled.scale] as const],
  );
  const { model } = await quantiseModel(source.model, ranges, {
    ...options,
    inputTypes: inputTypes(source, params),
    scales: new Map(scales),
  });
  const { inputs, outputs } = bindPorts(source, model);
  const { constraints, ...compiled } = compileCircuit(model, {
    inputs: inputs.map(({ circuit }) => circuit),
    outputs: outputs.map(({ circuit }) => circuit),
  });
  const circuit = {
    ...compiled,
    inputTypes: inputs.map(({ type }) => type),
    outputTypes: outputs.map(({ type }) => type),
    constraintCount: countConstraints(constraints).constraints,
    constraintsDigest: sha256Hex(constraints),
  };
  return { circuit, constraints };
}

/**
 * The digest that a circuit's setup must name: sha2-256 of the constraints that follow from the model, the ports and the
 * recipe's parameters.
 *
 * @throws TesseraError as {@link compileSegment}, and `ENCODING_INVALID` for malformed parameters
 */
export async function constraintsDigest(source: SegmentSource, params: string): Promise<Hex32> {
  return (await compileSegment(source, parseGroth16Params(params))).circuit.constraintsDigest;
}

/** {@link compileSegment}, once for the same segment, ports and parameters. */
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
        const { circuit, constraints } = await compileSegment(source, parsed);
        await writeFile(join(directory, files.constraints), constraints);
        await writeFile(join(directory, files.circuit), serialize(circuit));
      },
      call.signal,
    ),
  );
  try {
    const circuit = deserialize(await readFile(join(entry.path, files.circuit))) as SegmentCircuit;
    return { entry, circuit, constraints: join(entry.path, files.constraints) };
  } catch (cause) {
    await entry.release();
    throw new TesseraError('INTERNAL', { message: 'A compiled circuit in the cache cannot be read', cause });
  }
}

/** The ports as JSON, which has no big integers. */
function describePorts({ inputs, outputs }: SegmentSource): string {
  return JSON.stringify({ inputs, outputs }, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}
