/** Makes the messages' test vectors: `node protocol/vectors/messages.ts > protocol/vectors/messages.json`. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { artifactCid, sha256Hex } from '../ids.ts';
import { jobId, type Message, peerIdOf, signMessage } from '../messages/index.ts';

const secretKey = Uint8Array.from({ length: 32 }, (_, i) => i);
const sender = bytesToHex(ed25519.getPublicKey(secretKey));
const digest = (text: string) => sha256Hex(utf8ToBytes(text));
const cid = (text: string) => artifactCid(digest(text));

/** One message of each kind, all from one sender, some about one job. */
export function exampleMessages(): Message[] {
  const head = { sender, issued: 1_800_000_000_000, expires: 1_800_000_060_000 };
  const manifest = digest('manifest');
  const nonce = digest('nonce');
  const job = jobId(sender, manifest, nonce);
  const segmentHead = { ...head, job, segment: 2 };
  const assignment = digest('assignment');
  const proof = utf8ToBytes('proof');
  return [
    {
      kind: 'bid',
      ...head,
      sequence: 7,
      cores: 8,
      memory: 2 ** 34,
      gpus: ['NVIDIA L4'],
      provers: [{ name: 'ezkl', unitsPerSecond: 12_000 }],
      slots: { total: 4, free: 3 },
      price: 250_000_000_000_000_000n,
      addresses: ['/ip4/192.0.2.1/tcp/4001'],
    },
    {
      kind: 'offer',
      ...head,
      job,
      nonce,
      manifest,
      commitments: digest('commitments'),
      access: 'open',
      needs: [{ prover: 'ezkl', adapter: 'ezkl/23', segments: 5, units: 1_000_000, memory: 2 ** 31 }],
      price: 0n,
      deadline: 1_800_003_600_000,
      addresses: [],
    },
    {
      kind: 'assignment',
      ...segmentHead,
      worker: sender,
      manifest,
      commitments: digest('commitments'),
      bid: digest('bid'),
      attempt: 1,
      artifacts: { compiled: cid('compiled'), 'proving-key': cid('proving-key') },
      inputs: [{ edge: 1, block: 0, cid: cid('tensor') }],
      price: 255n,
      deadline: 1_800_000_900_000,
    },
    { kind: 'progress', ...segmentHead, assignment, stage: 'proving', done: 500, remaining: 12_000 },
    {
      kind: 'submission',
      ...segmentHead,
      assignment,
      proof: cid('proof'),
      size: proof.length,
      inline: proof,
    },
    { kind: 'cancellation', ...head, job, segment: 2, reason: 'proven' },
    {
      kind: 'edge-mismatch',
      ...segmentHead,
      assignment,
      edge: 1,
      block: 0,
      committed: digest('committed'),
      computed: digest('computed'),
    },
    {
      kind: 'market-mismatch',
      ...segmentHead,
      edge: 1,
      block: 0,
      committed: digest('committed'),
      computed: digest('computed'),
    },
    { kind: 'refusal', ...segmentHead, assignment, reason: 'memory', detail: 'needs 8 GiB, has 4 GiB' },
  ];
}

/** Every vector, as it stands in messages.json. */
export function messageVectors() {
  return {
    secretKey: bytesToHex(secretKey),
    publicKey: sender,
    peerId: peerIdOf(sender),
    messages: exampleMessages().map((message) => {
      const { id, bytes } = signMessage(message, secretKey);
      return { kind: message.kind, id, bytes: bytesToHex(bytes) };
    }),
  };
}

if (import.meta.main) console.log(JSON.stringify(messageVectors(), null, 2));
