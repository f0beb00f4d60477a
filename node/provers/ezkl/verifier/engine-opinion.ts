import { numberToBytesLE } from '@noble/curves/utils.js';
import type { Proof } from '../../../../protocol/certificate.ts';
import type { Artifacts, Opinion } from '../../../../protocol/verifier.ts';
import { minimalSrsFile } from './srs.ts';

/** The four files that ezkl's verifier takes. */
export interface EngineInput {
  /** JSON. */
  proof: Uint8Array;
  verifyingKey: Uint8Array;
  /** JSON. */
  settings: Uint8Array;
  srs: Uint8Array;
}

/**
 * Runs `verify` of `@ezkljs/engine`, wherever it is kept: it must not share memory with the caller's own work,
 * since hostile input can make it panic, allocate or loop.
 */
export interface EzklEngine {
  /** @throws TesseraError `ABORTED` when the signal says so */
  verify(input: EngineInput, signal?: AbortSignal): Promise<Omit<Opinion, 'engine'>>;
}

export const wasmEngineName = '@ezkljs/engine';
export const nativeEngineName = 'ezkl';

/**
 * Puts a proof before one of ezkl's engines.
 *
 * The WASM engine 21 reads proofs and settings of 23.0.5 once they name what 23 has made implicit: the EVM transcript
 * and the KZG commitment scheme. Native ezkl passes over these fields.
 *
 * @param name the engine's, for the report
 * @param srs verification data
 */
export async function engineOpinion(
  name: string,
  engine: EzklEngine,
  artifacts: Artifacts & { verifyingKey: Uint8Array; settings: Uint8Array },
  proof: Proof,
  srs: Uint8Array,
  signal?: AbortSignal,
): Promise<Opinion> {
  const settings = JSON.parse(new TextDecoder().decode(artifacts.settings));
  settings.run_args.commitment = 'KZG';
  const answer = await engine.verify(
    {
      proof: json({
        instances: [proof.publicInputs.map(littleEndianHex)],
        proof: Array.from(proof.bytes),
        transcript_type: 'EVM',
        commitment: 'KZG',
      }),
      verifyingKey: artifacts.verifyingKey,
      settings: json(settings),
      srs: minimalSrsFile(srs),
    },
    signal,
  );
  return { engine: name, ...answer };
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function littleEndianHex(value: bigint): string {
  return Array.from(numberToBytesLE(value, 32), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
