import type { Model } from '../../node/model/model.ts';
import { type Slicing, segmentModel } from '../../node/model/slice/index.ts';
import {
  countConstraints,
  executeCircuit,
  type FloatRange,
  quantiseFloats,
} from '../../node/provers/circuit/index.ts';
import { compileSegment } from '../../node/provers/groth16/compile-segment.ts';
import { formatGroth16Params, groth16Params } from '../../node/provers/groth16/parameters.ts';
import type { Port, SegmentSource } from '../../node/provers/prover.ts';
import type { Values } from '../../protocol/arithmetic/tensor.ts';
import type { EdgeType } from '../../protocol/edge.ts';

/** A segment of Tessera's own circuits with all edges committed, compiled but without keys. */
export interface ChainedSegment {
  id: string;
  source: SegmentSource;
  params: string;
  /** Rank-one constraints. */
  constraints: number;
  /** Terms of all sums. */
  terms: number;
  /** What the segments before it gave, by port. */
  inputs: readonly Values[];
}

export interface SegmentChainInit {
  model: Model;
  slicing: Slicing;
  /** What calibration saw of every computed tensor. */
  ranges: ReadonlyMap<string, FloatRange>;
  /** The model's one input. */
  input: Float32Array;
  signal: AbortSignal;
}

/** Compiles and executes one segment after another; each takes the types of its edges from those before it. */
export async function* segmentChain({
  model,
  slicing,
  ranges,
  input,
  signal,
}: SegmentChainInit): AsyncGenerator<ChainedSegment> {
  const edges = new Set(
    slicing.edges.filter(({ from }) => typeof from === 'number').map(({ tensor }) => tensor),
  );
  const types = new Map<string, EdgeType>();
  const values = new Map<string, Values>();
  for (const segment of slicing.segments) {
    signal.throwIfAborted();
    const own = segmentModel(model, segment);
    const source: SegmentSource = {
      model: own,
      inputs: own.inputs.map((name) => committed(types.get(name))),
      outputs: own.outputs.map(() => committed(undefined)),
    };
    const params = groth16Params(own, ranges, edges);
    const { circuit, constraints } = await compileSegment(source, params);
    own.inputs.forEach((name, port) => {
      const type = circuit.inputTypes[port];
      if (type !== undefined && !values.has(name)) values.set(name, quantiseFloats(input, type.scale));
    });
    const inputs = own.inputs.map((name) => values.get(name) ?? new Float64Array());
    const { outputs } = executeCircuit(circuit, inputs);
    own.outputs.forEach((name, port) => {
      const [type, value] = [circuit.outputTypes[port], outputs[port]];
      if (type === undefined || value === undefined) throw new RangeError(`${segment.id} gives no ${name}`);
      types.set(name, type);
      values.set(name, value);
    });
    const { terms } = countConstraints(constraints);
    yield {
      id: segment.id,
      source,
      params: formatGroth16Params(params),
      constraints: circuit.constraintCount,
      terms,
      inputs,
    };
  }
}

function committed(type: EdgeType | undefined): Port {
  const settled = type === undefined ? {} : { settled: { scale: type.scale, interval: type.interval } };
  return { scheme: 'poseidon2', blinded: false, ...settled };
}
