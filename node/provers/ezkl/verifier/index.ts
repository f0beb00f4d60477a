/**
 * Verifies proofs of ezkl 23.0.5 without ezkl: free of native code and of file access.
 *
 * @packageDocumentation
 * @example
 * ```ts
 * const verifier = createEzklVerifier({ engine: createEngineThread() });
 * const { weaknesses } = verifier.describe(circuit, artifacts);
 * const opinions = await verifier.verify({ circuit, artifacts, proof, srs });
 * ```
 */

import type { Proof } from '../../../../protocol/certificate.ts';
import { TesseraError } from '../../../../protocol/errors.ts';
import { type EvmVerifier, evmVerifiers } from '../../../../protocol/evm-verifiers.ts';
import { srsId } from '../../../../protocol/ids.ts';
import type { Circuit } from '../../../../protocol/manifest.ts';
import type { Artifacts, KzgScheme, Opinion, ProofVerifier } from '../../../../protocol/verifier.ts';
import { throwIfAborted } from '../../../abort.ts';
import { readOnce } from '../../read-once.ts';
import { ezklVersion } from '../version.ts';
import { boundaryOf } from './boundary.ts';
import { type EzklEngine, engineOpinion, nativeEngineName, wasmEngineName } from './engine-opinion.ts';
import { evmEngineName, evmOpinion } from './evm-opinion.ts';
import { kzgCommit } from './kzg-commit.ts';
import { writeG2 } from './points.ts';
import { outputOf, portsOf, weaknessesOf } from './ports.ts';
import { parseSettings } from './settings.ts';
import { checkSrs, readVerificationData } from './srs.ts';
import { parseVerifyingKey } from './verifying-key.ts';
import { parseVka } from './vka.ts';

/** Proof system and format version, as `Circuit.adapter` names it. */
export const ezklAdapter = `ezkl/halo2-kzg/${ezklVersion}`;

export interface EzklVerifierDeps {
  /** Where `@ezkljs/engine` runs; without one, its opinion is `unavailable`. */
  engine?: EzklEngine;
  /** ezkl itself, asked too where the person who checks wants it. */
  native?: EzklEngine;
  /** Where kzg commitments are computed; on the caller's own thread unless given. */
  committer?: Pick<KzgScheme, 'commit'>;
  /** Verifier bytecode that may be run; the protocol's list unless given. */
  evmVerifiers?: readonly EvmVerifier[];
}

export type { EngineInput, EzklEngine } from './engine-opinion.ts';
export { kzgCommit } from './kzg-commit.ts';
export { checkSrs, openSrs, verificationDataOf } from './srs.ts';

type EzklArtifacts = Artifacts & { verifyingKey: Uint8Array; settings: Uint8Array; vka: Uint8Array };

function requireArtifacts(artifacts: Artifacts): EzklArtifacts {
  for (const role of ['verifyingKey', 'settings', 'vka'] as const) {
    if (artifacts[role] === undefined) {
      throw new TesseraError('ENCODING_INVALID', { message: `The circuit has no artifact ${role}` });
    }
  }
  return artifacts as EzklArtifacts;
}

/** Why the proof is not in its one canonical encoding; the engines differ in what they let pass. */
function encodingProblem(circuit: Circuit, proof: Proof, instances: number): string | undefined {
  if (proof.publicInputs.length !== instances) {
    return `the proof has ${proof.publicInputs.length} public values instead of ${instances}`;
  }
  try {
    boundaryOf(circuit, proof);
    return undefined;
  } catch (error) {
    if (error instanceof TesseraError && error.code === 'ENCODING_INVALID') return error.message;
    throw error;
  }
}

/** @returns the verifier of adapter {@link ezklAdapter} */
export function createEzklVerifier(deps: EzklVerifierDeps): ProofVerifier & { readonly kzg: KzgScheme } {
  const known = deps.evmVerifiers ?? evmVerifiers;
  const settingsOf = readOnce(parseSettings);
  const vkaOf = readOnce(parseVka);
  const verifyingKeyOf = readOnce(parseVerifyingKey);
  return {
    adapter: ezklAdapter,

    describe(circuit, artifacts) {
      const checked = requireArtifacts(artifacts);
      const settings = settingsOf(checked.settings);
      const vka = vkaOf(checked.vka);
      const srs = srsId('bn254', writeG2(vka.sG2));
      const shapes = {
        inputs: circuit.inputs.map((type) => type.shape),
        outputs: circuit.outputs.map((type) => type.shape),
      };
      return {
        ...portsOf(settings, vka, srs, shapes),
        srs: [srs],
        output: outputOf(settings, circuit),
        weaknesses: weaknessesOf(settings, vka, verifyingKeyOf(checked.verifyingKey)),
      };
    },

    boundary: boundaryOf,

    kzg: {
      async inspectSrs(file, signal) {
        const { k, verificationData } = await checkSrs(file, signal ? { signal } : {});
        return { id: srsId('bn254', verificationData), k };
      },
      async commit(type, values, srs, signal) {
        throwIfAborted(signal);
        return deps.committer === undefined
          ? kzgCommit(type, values, srs)
          : deps.committer.commit(type, values, srs, signal);
      },
    },

    async verify({ circuit, artifacts, proof, srs, signal }) {
      throwIfAborted(signal);
      const checked = requireArtifacts(artifacts);
      // Both bound what the engine is given: it allocates by what it reads there.
      settingsOf(checked.settings);
      verifyingKeyOf(checked.verifyingKey);
      const vka = vkaOf(checked.vka);
      const both = (verdict: Opinion['verdict'], reason: string): Opinion[] => [
        { engine: wasmEngineName, verdict, reason },
        { engine: evmEngineName, verdict, reason },
      ];
      if (!vka.sG2.equals(readVerificationData(srs))) {
        return both('invalid', 'the VKA was made with another SRS');
      }
      if (proof.bytes.length !== vka.proofLength) {
        return both('invalid', `the proof has ${proof.bytes.length} bytes instead of ${vka.proofLength}`);
      }
      const problem = encodingProblem(circuit, proof, vka.instances);
      if (problem !== undefined) return both('invalid', problem);

      const ask = (name: string, engine: EzklEngine) =>
        engineOpinion(name, engine, checked, proof, srs, signal);
      const unavailable = (engine: string, reason: string): Opinion => ({
        ...{ engine, reason },
        verdict: 'unavailable',
      });
      // Side by side: an engine has a thread or process of its own, and the EVM takes as long.
      return Promise.all([
        deps.engine === undefined
          ? unavailable(wasmEngineName, 'it is not installed')
          : ask(wasmEngineName, deps.engine),
        checked.evmVerifier === undefined
          ? unavailable(evmEngineName, 'there is no verifier bytecode')
          : evmOpinion(checked.evmVerifier, vka, proof, known),
        ...(deps.native === undefined ? [] : [ask(nativeEngineName, deps.native)]),
      ]);
    },
  };
}
