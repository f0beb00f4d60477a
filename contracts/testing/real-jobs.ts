/** Real circuits, keys and proofs of small models, as jobs that can be posted. */
import type { Model } from '../../node/model/model.ts';
import { scaledModel } from '../../node/model/test-models/small-models.ts';
import { defaultEzklParams, formatParams } from '../../node/provers/ezkl/parameters.ts';
import type { EzklProver } from '../../node/provers/ezkl/prover.ts';
import { createEzklVerifier } from '../../node/provers/ezkl/verifier/index.ts';
import { formatGroth16Params } from '../../node/provers/groth16/parameters.ts';
import { denseSegment, paramsOf } from '../../node/provers/groth16/testing/dense.ts';
import { createGroth16Verifier } from '../../node/provers/groth16/verifier/index.ts';
import type { CompiledSegment, Port, PortScheme, Prover } from '../../node/provers/prover.ts';
import type { Proof } from '../../protocol/certificate.ts';
import type { EdgeType } from '../../protocol/edge.ts';
import type { Manifest } from '../../protocol/manifest.ts';

/** More than any of these circuits takes. */
const memoryLimit = 8e9;

export interface RealJob {
  manifest: Manifest;
  /** Of every edge; each has one block. */
  commitments: readonly (readonly Uint8Array[])[];
  /** Verifying data, by circuit. */
  verifyingData: readonly Uint8Array[];
  /** All that a verifier needs, by circuit and role. */
  artifacts: readonly Readonly<Record<string, Uint8Array>>[];
  /** Makes a segment's proof, bound to the context where the prover holds one. */
  prove(segment: number, context: bigint): Promise<Proof>;
}

/** A job of one chain of segments: edge i is read by segment i, which makes edge i + 1. */
interface Chain {
  prover: Prover;
  circuits: readonly CompiledSegment[];
  /** The circuit of each segment. */
  segments: readonly number[];
  input: readonly bigint[];
  /** Role of the artifact that the contracts verify by. */
  role: string;
  srs: readonly string[];
  boundary(
    circuit: CompiledSegment,
    proof: Proof,
  ): { inputs: readonly Uint8Array[]; outputs: readonly Uint8Array[] };
}

async function chainJob(chain: Chain): Promise<RealJob> {
  const { prover, circuits, segments } = chain;
  const circuitOf = (segment: number) => circuits[segments[segment] as number] as CompiledSegment;
  const tensors: (readonly bigint[])[] = [chain.input];
  for (const [i] of segments.entries()) {
    const { outputs } = await prover.execute(circuitOf(i), [tensors[i] as readonly bigint[]]);
    tensors.push(outputs[0] as readonly bigint[]);
  }
  const prove = (segment: number, context: bigint) =>
    prover.prove(circuitOf(segment), [tensors[segment] as readonly bigint[]], { memoryLimit, context });

  // What the proofs bind is what the job commits to: both ends of every second segment are all edges.
  const commitments: Uint8Array[][] = [];
  for (const [i] of segments.entries()) {
    const bound = chain.boundary(circuitOf(i), await prove(i, 0n));
    commitments[i] = [...bound.inputs];
    commitments[i + 1] = [...bound.outputs];
  }
  const edges = commitments.map((_, i) => {
    const { inputs, outputs } = circuitOf(Math.min(i, segments.length - 1)).circuit;
    const type = (i < segments.length ? inputs : outputs)[0] as EdgeType;
    return { name: `edge ${i}`, type, blocks: [{ start: type.shape.map(() => 0), size: type.shape }] };
  });
  const artifacts = await Promise.all(circuits.map((segment) => prover.artifacts(segment)));
  return {
    manifest: {
      graph: {
        edges,
        segments: segments.map((circuit, i) => ({
          id: `segment ${i}`,
          circuit,
          inputs: [{ edge: i, block: 0 }],
          outputs: [{ edge: i + 1, block: 0 }],
        })),
        inputs: [0],
        outputs: [segments.length],
      },
      circuits: circuits.map(({ circuit }) => circuit),
      srs: chain.srs,
      recipe: { model: '0'.repeat(64), shapes: {}, strategy: 'layer', version: '0.1.0', parameters: [] },
    },
    commitments,
    artifacts,
    verifyingData: artifacts.map((bytes) => bytes[chain.role] as Uint8Array),
    prove,
  };
}

/**
 * A job of ezkl: public values come in and go out, between the segments all is committed.
 *
 * @param length segments, three or more; those between the first and the last share a circuit
 * @returns the job, the id of its SRS, its file, and the runtime bytecode of ezkl's verifier
 */
export async function ezklJob(
  prover: EzklProver,
  length: number,
): Promise<RealJob & { srs: string; srsFile: string; runtime: Uint8Array }> {
  const k = 11;
  const params = formatParams({ ...defaultEzklParams, k });
  const compile = (inputs: PortScheme, outputs: PortScheme, weights: readonly number[]) =>
    prover.compile(
      {
        model: scaledModel(weights),
        inputs: [{ scheme: inputs, blinded: false, settled: { scale: 7 } }],
        outputs: [{ scheme: outputs, blinded: false }],
      },
      params,
    );
  const circuits = [
    await compile('public', 'kzg', [1, 2, -1, 0.5]),
    await compile('kzg', 'kzg', [1, 1, 0.5, 1]),
    await compile('kzg', 'public', [1, 1, 1, -1]),
  ];
  const scheme = circuits[0]?.circuit.outputs[0]?.scheme;
  if (scheme?.name !== 'kzg') throw new Error('the first circuit commits its output');
  const verifier = createEzklVerifier({});
  const job = await chainJob({
    prover,
    circuits,
    segments: Array.from({ length }, (_, i) => (i === 0 ? 0 : i === length - 1 ? 2 : 1)),
    input: [128n, -64n, -256n, 100n],
    role: 'vka',
    srs: [scheme.srs],
    boundary: ({ circuit }, proof) => verifier.boundary(circuit, proof),
  });
  const { evmVerifier } = await prover.artifacts(circuits[0] as CompiledSegment);
  if (evmVerifier === undefined) throw new Error('ezkl gives a Solidity verifier');
  return { ...job, srs: scheme.srs, srsFile: await prover.srsFile(k), runtime: evmVerifier };
}

/** A job of Groth16: two segments, all three edges committed. */
export async function groth16Job(prover: Prover): Promise<RealJob> {
  const compile = (model: Model, settled: Port['settled'] = {}) => {
    const committed = { scheme: 'poseidon2', blinded: false } as const;
    const source = { model, inputs: [{ ...committed, settled }], outputs: [committed] };
    return prover.compile(source, formatGroth16Params(paramsOf(model)));
  };
  const gemm = await compile(denseSegment('gemm'));
  const [sum] = gemm.circuit.outputs;
  if (sum === undefined) throw new Error('the first circuit has an output');
  const relu = await compile(denseSegment('relu'), { scale: sum.scale, interval: sum.interval });
  const verifier = createGroth16Verifier();
  return chainJob({
    prover,
    circuits: [gemm, relu],
    segments: [0, 1],
    input: [-128n, 64n, 0n, 32n],
    role: 'verifyingKey',
    srs: [],
    boundary: (segment, proof) => verifier.boundary(segment.circuit, proof),
  });
}
