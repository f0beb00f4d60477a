import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { expect, test } from 'vitest';
import { type EvmVerifier, evmVerifiers } from '../../../../protocol/evm-verifiers.ts';
import { evmOpinion } from './evm-opinion.ts';
import { G2 } from './points.ts';

test('a proof with more public values than a call may have arguments is answered, too', async () => {
  // A contract that stops at once, and so says yes to nothing.
  const code = Uint8Array.of(0);
  const known = [{ ...(evmVerifiers[0] as EvmVerifier), codeHash: bytesToHex(keccak_256(code)) }];
  const instances = 200_000;
  const vka = {
    words: new Uint8Array(32),
    k: 20,
    usableRows: 2 ** 20 - 6,
    instances,
    fixed: [],
    proofLength: 64,
    sG2: G2.BASE,
  };
  const proof = { publicInputs: Array<bigint>(instances).fill(0n), bytes: new Uint8Array(64) };
  expect(await evmOpinion(code, vka, proof, known)).toMatchObject({ verdict: 'invalid' });
});
