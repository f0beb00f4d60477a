import type { EdgeType, Hex32 } from '../../../protocol/edge.ts';
import { sha256Hex } from '../../../protocol/ids.ts';
import { type CompiledCircuit, compileCircuit } from '../circuit/compile.ts';
import { countConstraints } from '../circuit/language/constraint-count.ts';
import { quantiseModel } from '../circuit/quantise/quantise-model.ts';
import type { SegmentSource } from '../prover.ts';
import { type Groth16Params, quantiseSettings } from './parameters.ts';
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
