/** Makes the test vectors of protocol/README.md: `node protocol/vectors/generate.ts > protocol/vectors/vectors.json`. */
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { encodeCertificate } from '../certificate-codec.ts';
import { writeIntegers } from '../field.ts';
import { srsData } from '../fixtures/toy-adapter.ts';
import { run, toyCertificate } from '../fixtures/toy-certificate.ts';
import {
  artifactCid,
  circuitLeaf,
  manifestDigest,
  modelId,
  portHash,
  segmentLeaf,
  sha256Hex,
  srsId,
} from '../ids.ts';
import { encodeManifest } from '../manifest-codec.ts';
import { merkleRoot } from '../merkle.ts';
import { quantise } from '../quantise.ts';
import { knownSrs } from '../srs.ts';

/** Every vector, as it stands in vectors.json. */
export function vectorsOf() {
  const certificate = toyCertificate(run([1n, -2n, 3n, 4n]));
  const { manifest } = certificate;
  const { circuits, graph } = manifest;
  const file = encodeCertificate(certificate);
  const artifact = utf8ToBytes('tessera');
  const integers = [0n, 1n, -1n, 2n ** 127n];
  const floats = [0.5, -0.5, 0.00390625, -1.999];
  return {
    artifact: {
      bytes: bytesToHex(artifact),
      sha256: sha256Hex(artifact),
      cid: artifactCid(sha256Hex(artifact)),
    },
    integers: { values: integers.map(String), bytes: bytesToHex(writeIntegers(integers)) },
    quantise: { scale: 7, floats, integers: quantise(floats, 7).map(String) },
    srs: [...knownSrs.map(({ sG2 }) => sG2), bytesToHex(srsData)].map((sG2) => ({
      sG2,
      id: srsId('bn254', hexToBytes(sG2)),
    })),
    ports: circuits.map(({ inputs, outputs }) =>
      [...inputs, ...outputs].map((type) => bytesToHex(portHash(type))),
    ),
    circuits: circuits.map((circuit) => bytesToHex(circuitLeaf(circuit))),
    circuitsRoot: bytesToHex(merkleRoot(circuits.map(circuitLeaf))),
    segments: graph.segments.map((segment, i) => bytesToHex(segmentLeaf(segment, i))),
    wiringRoot: bytesToHex(merkleRoot(graph.segments.map(segmentLeaf))),
    manifest: {
      bytes: bytesToHex(encodeManifest(manifest)),
      digest: manifestDigest(manifest),
      cid: artifactCid(manifestDigest(manifest)),
      modelId: modelId(manifest),
    },
    certificate: { bytes: bytesToHex(file), sha256: sha256Hex(file) },
  };
}

if (import.meta.main) console.log(JSON.stringify(vectorsOf(), null, 2));
