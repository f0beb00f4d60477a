import { bn254 } from '@noble/curves/bn254.js';
import { concatBytes, numberToBytesBE } from '@noble/curves/utils.js';

/** A point of BN254's twist outside the subgroup of order r, as EIP-197 encodes it: 128 bytes. */
export function pointOutsideSubgroup(): Uint8Array {
  const { Fp2 } = bn254.fields;
  const { b } = bn254.G2.Point.CURVE();
  for (let c0 = 1n; ; c0++) {
    const x = { c0, c1: 0n };
    const squared = Fp2.add(Fp2.mul(Fp2.sqr(x), x), b);
    let y: { c0: bigint; c1: bigint };
    try {
      y = Fp2.sqrt(squared);
    } catch {
      continue;
    }
    return concatBytes(...[x.c1, x.c0, y.c1, y.c0].map((value) => numberToBytesBE(value, 32)));
  }
}
