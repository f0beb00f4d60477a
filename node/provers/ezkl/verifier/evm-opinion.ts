import type { EVM, EVMBN254Interface } from '@ethereumjs/evm';
import { numberToBytesBE } from '@noble/curves/utils.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Proof } from '../../../../protocol/certificate.ts';
import type { EvmVerifier } from '../../../../protocol/evm-verifiers.ts';
import { writeElements } from '../../../../protocol/field.ts';
import type { Opinion } from '../../../../protocol/verifier.ts';
import type { Vka } from './vka.ts';

export const evmEngineName = '@ethereumjs/evm';

/** A thousand public values take 3 M. It bounds memory and time: the slowest hostile VKA found ends within 4 s. */
const gasLimit = 30_000_000n;
/** As the EVM names it. */
const outOfGas = 'out of gas';
/** EIP-170, the limit of a contract's code. */
const maxCode = 24_576;
/** Any address that is not a precompile. */
const contract = `0x${'e2'.repeat(20)}` as const;

const selector = (signature: string) => keccak_256(utf8ToBytes(signature)).subarray(0, 4);
const registerVka = selector('registerVka(bytes32[])');
const verifyProof = selector('verifyProof(bytes,uint256[],bytes32[])');

const word = (value: bigint | number) => numberToBytesBE(value, 32);

/**
 * Puts a proof before ezkl's reusable Solidity verifier in an EVM of its own, under the rules of the fork that
 * the code was compiled for. Only code whose hash is listed is run: what an attacker's code returns says nothing.
 *
 * The contract takes the proof's length from where the public values begin, so it accepts proofs with whole
 * words appended; the caller has to check the length first.
 *
 * @param code runtime bytecode
 */
export async function evmOpinion(
  code: Uint8Array,
  vka: Vka,
  proof: Proof,
  known: readonly EvmVerifier[],
): Promise<Opinion> {
  const engine = evmEngineName;
  const hash = code.length > maxCode ? undefined : bytesToHex(keccak_256(code));
  if (!known.some((verifier) => verifier.codeHash === hash)) {
    return {
      engine,
      verdict: 'unavailable',
      reason: 'the verifier bytecode is not on the list of known ones',
    };
  }
  const { createAccount, createAddressFromString } = await import('@ethereumjs/util');
  const evm = await newEvm();
  const to = createAddressFromString(contract);
  await evm.stateManager.putAccount(to, createAccount({ nonce: 1n }));
  await evm.stateManager.putCode(to, code);
  const call = async (data: Uint8Array) => (await evm.runCall({ to, data, gasLimit })).execResult;

  const words = concatBytes(word(vka.words.length / 32), vka.words);
  const registered = await call(concatBytes(registerVka, word(32), words));
  if (registered.exceptionError !== undefined) return refusal('registerVka', registered.exceptionError.error);

  const padding = new Uint8Array((32 - (proof.bytes.length % 32)) % 32);
  const bytes = concatBytes(word(proof.bytes.length), proof.bytes, padding);
  const values = concatBytes(word(proof.publicInputs.length), writeElements(proof.publicInputs));
  const head = 3 * 32;
  const offsets = [head, head + bytes.length, head + bytes.length + values.length].map(word);
  const result = await call(concatBytes(verifyProof, ...offsets, bytes, values, words));
  if (result.exceptionError !== undefined) return refusal('verifyProof', result.exceptionError.error);
  // (bool success, bytes32 vkaDigest, …): what follows is ill-formed ABI and is left alone.
  const expected = concatBytes(word(1), keccak_256(vka.words));
  const accepted = expected.every((byte, i) => result.returnValue[i] === byte);
  return accepted
    ? { engine, verdict: 'valid' }
    : { engine, verdict: 'invalid', reason: 'verifyProof did not return true for this VKA' };
}

async function newEvm(): Promise<EVM> {
  const { EVM, EVMMockBlockchain } = await import('@ethereumjs/evm');
  const { SimpleStateManager } = await import('@ethereumjs/statemanager');
  const { Common, Hardfork, Mainnet } = await import('@ethereumjs/common');
  // Not by `createEVM`, which puts the curve in JavaScript in place of any that it is given.
  return new EVM({
    common: new Common({ chain: Mainnet, hardfork: Hardfork.Cancun }),
    blockchain: new EVMMockBlockchain(),
    stateManager: new SimpleStateManager(),
    bn254: await openCurve(),
  });
}

/**
 * The curve's precompiles in WASM, since a proof takes about a hundred multiplications; three times slower in JavaScript
 * where a page's policy forbids WASM.
 */
function openCurve(): Promise<EVMBN254Interface> {
  curve ??= (async () => {
    const { NobleBN254, RustBN254 } = await import('@ethereumjs/evm');
    const { initRustBN } = await import('rustbn-wasm');
    try {
      return new RustBN254(await initRustBN());
    } catch {
      return new NobleBN254();
    }
  })();
  return curve;
}

/** The library has one instance, and must not be opened twice. */
let curve: Promise<EVMBN254Interface> | undefined;

/** A revert is the contract's no; an end for want of gas is no answer. */
function refusal(method: string, error: string): Opinion {
  const reason = `${method}: ${error}`;
  const verdict = error === outOfGas ? 'unavailable' : 'invalid';
  return { engine: evmEngineName, verdict, reason };
}
