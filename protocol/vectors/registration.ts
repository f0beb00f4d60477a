/** Makes the test vectors of nodes on chains: `node protocol/vectors/registration.ts > protocol/vectors/registration.json`. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import {
  bindingMessage,
  encodeCapabilities,
  type NodeCapabilities,
  signBinding,
} from '../registration/index.ts';

/** One tie, and capabilities small, usual and at every bound. */
export function registrationVectors() {
  const secretKey = Uint8Array.from({ length: 32 }, (_, i) => i);
  const place = { chainId: 31_337n, registry: '1'.repeat(40), account: '2'.repeat(40) };
  const nodes: NodeCapabilities[] = [
    { cores: 1, memory: 1, places: 1, gpus: 0, price: 0n, speeds: new Map([['ezkl', 1]]) },
    {
      ...{ cores: 8, memory: 2_048, places: 2, gpus: 1, price: 1_000_000_000n },
      speeds: new Map([
        ['ezkl', 1_200],
        ['groth16', 1_200],
      ]),
    },
    {
      ...{ cores: 2 ** 16 - 1, memory: 2 ** 32 - 1, places: 2 ** 16 - 1, gpus: 255, price: 2n ** 64n - 1n },
      speeds: new Map([['groth16', 2 ** 24 - 1]]),
    },
  ];
  return {
    binding: {
      secretKey: bytesToHex(secretKey),
      peerKey: bytesToHex(ed25519.getPublicKey(secretKey)),
      place: { ...place, chainId: Number(place.chainId) },
      message: bytesToHex(bindingMessage(place)),
      signature: bytesToHex(signBinding(place, secretKey)),
    },
    capabilities: [
      ...nodes.map((node) => ({
        ...{ ...node, price: `${node.price}`, speeds: Object.fromEntries(node.speeds) },
        bytes: bytesToHex(encodeCapabilities(node)),
      })),
    ],
    none: bytesToHex(encodeCapabilities(undefined)),
  };
}

if (import.meta.main) console.log(JSON.stringify(registrationVectors(), null, 2));
