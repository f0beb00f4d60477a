/**
 * Verifies Groth16 proofs over BN254 without gnark, in JavaScript alone: it runs in a browser.
 *
 * @packageDocumentation
 * @example
 * ```ts
 * const verifier = createGroth16Verifier();
 * const [opinion] = await verifier.verify({ circuit, artifacts, proof, srs });
 * ```
 */
import { type EdgeType, elementCount } from '../../../../protocol/edge.ts';
import { TesseraError } from '../../../../protocol/errors.ts';
import { writeElements } from '../../../../protocol/field.ts';
import type { Artifacts, ProofVerifier } from '../../../../protocol/verifier.ts';
import { throwIfAborted } from '../../../abort.ts';
import { readOnce } from '../../read-once.ts';
import { type EncodedCheck, judgeProof, type ProofVerdict, proofBytes } from './pairing-check.ts';
import { readSetupRecord } from './setup-record.ts';
import { publicInputCount, readVerifyingKey } from './verifying-key.ts';

export { readSetupRecord, type SetupRecord, writeSetupRecord } from './setup-record.ts';

/** Proof system and format version, as `Circuit.adapter` names it. */
export const groth16Adapter = 'groth16/bn254/gnark-0.14.0';

const engine = 'noble-curves';

function artifactOf(artifacts: Artifacts, role: string): Uint8Array {
  const bytes = artifacts[role];
  if (bytes === undefined) {
    throw new TesseraError('ENCODING_INVALID', { message: `The circuit has no artifact ${role}` });
  }
  return bytes;
}

/** Public inputs that a port takes: its commitment, or all of its values. */
function inputsOfPort(type: EdgeType): number {
  switch (type.scheme.name) {
    case 'poseidon2':
      return 1;
    case 'public':
      return elementCount(type.shape);
    case 'kzg':
      throw new TesseraError('ENCODING_INVALID', { message: 'Groth16 circuits have no kzg ports' });
  }
}

/** The first public input is the context, then come the input ports, then the output ports. */
function inputsOf(circuit: { inputs: readonly EdgeType[]; outputs: readonly EdgeType[] }): number {
  return [...circuit.inputs, ...circuit.outputs].reduce((sum, type) => sum + inputsOfPort(type), 1);
}

export interface Groth16VerifierDeps {
  /** Judges a proof where this thread does not wait for it; {@link judgeProof} here and now unless given. */
  judge?: (check: EncodedCheck, signal?: AbortSignal) => Promise<ProofVerdict>;
}

/** @returns the verifier of adapter {@link groth16Adapter} */
export function createGroth16Verifier({ judge }: Groth16VerifierDeps = {}): ProofVerifier {
  // The points of a key take much more memory than its bytes, so that it is not kept, only that it is well-formed.
  const requireKey = readOnce((key) => {
    readVerifyingKey(key);
  });
  return {
    adapter: groth16Adapter,

    /**
     * The key is opaque: it says how many public inputs there are, and nothing of the ports. Whether it is the key of
     * this model is for an audit to find out, by the constraint system's digest in the setup's record.
     */
    describe(circuit, artifacts) {
      const key = artifactOf(artifacts, 'verifyingKey');
      const record = readSetupRecord(artifactOf(artifacts, 'setup'));
      const expected = inputsOf(circuit);
      const actual = publicInputCount(key);
      if (actual !== expected) {
        throw new TesseraError('ENCODING_INVALID', {
          message: `The verifying key takes ${actual} public inputs, the circuit's ports ${expected}`,
        });
      }
      requireKey(key);
      return {
        inputs: circuit.inputs,
        outputs: circuit.outputs,
        srs: [],
        output: { kind: 'unique' },
        trust: record.trust,
        weaknesses: [],
      };
    },

    boundary(circuit, proof) {
      const expected = inputsOf(circuit);
      if (proof.bytes.length !== proofBytes || proof.publicInputs.length !== expected) {
        throw new TesseraError('ENCODING_INVALID', {
          message: `A proof of this circuit has ${proofBytes} bytes and ${expected} public inputs, not ${proof.bytes.length} and ${proof.publicInputs.length}`,
        });
      }
      let next = 1;
      const take = (type: EdgeType): Uint8Array => {
        const count = inputsOfPort(type);
        next += count;
        return writeElements(proof.publicInputs.slice(next - count, next));
      };
      return { inputs: circuit.inputs.map(take), outputs: circuit.outputs.map(take) };
    },

    async verify({ artifacts, proof, context = 0n, signal }) {
      throwIfAborted(signal);
      if (proof.publicInputs[0] !== context) {
        return [{ engine, verdict: 'invalid', reason: 'the proof is bound to another context' }];
      }
      const verifyingKey = artifactOf(artifacts, 'verifyingKey');
      const check = { verifyingKey, proof: proof.bytes, publicInputs: proof.publicInputs };
      return [{ engine, ...(await (judge?.(check, signal) ?? judgeProof(check))) }];
    },
  };
}
