/** Makes the test vectors of invited jobs: `node protocol/vectors/access.ts > protocol/vectors/access.json`. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { encodeWrappedKeys, keyBytes, nonceBytes, seal, wrapKey } from '../access/index.ts';
import { sha256Hex } from '../ids.ts';
import { encodeTensor } from '../job/index.ts';

const counting = (from: number, length: number) => Uint8Array.from({ length }, (_, i) => from + i);

/** One key, for one peer, and one of each artifact that it opens. */
export function accessVectors() {
  const secretKey = counting(0, 32);
  const recipient = bytesToHex(ed25519.getPublicKey(secretKey));
  const ephemeral = counting(64, 32);
  const key = counting(128, keyBytes);
  const job = sha256Hex(utf8ToBytes('job'));
  const segment = 2;
  const wrapped = wrapKey(key, ephemeral, { job, segment, recipient });
  const contents = {
    commitments: utf8ToBytes('commitments'),
    blindings: utf8ToBytes('blindings'),
    'tensor/1/0': encodeTensor([1n, -2n, 300n]),
  };
  return {
    job,
    segment,
    recipient: { secretKey: bytesToHex(secretKey), publicKey: recipient },
    key: bytesToHex(key),
    ephemeral: bytesToHex(ephemeral),
    wrapped: bytesToHex(wrapped),
    wrappedKeys: bytesToHex(encodeWrappedKeys(new Map([[recipient, wrapped]]))),
    sealed: Object.entries(contents).map(([role, content], index) => {
      const nonce = counting(32 * index, nonceBytes);
      return {
        role,
        nonce: bytesToHex(nonce),
        content: bytesToHex(content),
        bytes: bytesToHex(seal(content, key, nonce, { job, segment, role })),
      };
    }),
  };
}

if (import.meta.main) console.log(JSON.stringify(accessVectors(), null, 2));
