import type { Certificate, Proof } from '../../protocol/certificate.ts';
import type { EdgeType } from '../../protocol/edge.ts';
import type { Edge, Graph } from '../../protocol/graph.ts';
import { sha256Hex } from '../../protocol/ids.ts';
import type { Circuit, Manifest } from '../../protocol/manifest.ts';

/** The bytes with one bit changed. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, (bytes[at] ?? 0) ^ 1);
}

/**
 * What a forger does to a certificate: parts are found by the names of segments and edges, and exchanged.
 *
 * @param honest the certificate that forgeries are made from, asked for when one is made
 */
export function forging(honest: () => Certificate) {
  function segmentIds(): string[] {
    return honest().manifest.graph.segments.map(({ id }) => id);
  }

  function segmentAt(id: string): number {
    const index = honest().manifest.graph.segments.findIndex((segment) => segment.id === id);
    if (index < 0) throw new Error(`no segment ${id}`);
    return index;
  }

  function edgeAt(name: string, { manifest } = honest()): number {
    const index = manifest.graph.edges.findIndex((edge) => edge.name === name);
    if (index < 0) throw new Error(`no edge ${name}`);
    return index;
  }

  function edgeOf(name: string, certificate = honest()): Edge {
    return certificate.manifest.graph.edges[edgeAt(name, certificate)] as Edge;
  }

  function proofOf(id: string, from = honest()): Proof {
    const proof = from.proofs[segmentAt(id)];
    if (proof === undefined || proof === null) throw new Error(`${id} has no proof`);
    return proof;
  }

  function commitmentOf(name: string, from = honest()): Uint8Array {
    const bytes = from.commitments[edgeAt(name, from)]?.[0];
    if (bytes === undefined) throw new Error(`${name} has no commitment`);
    return bytes;
  }

  function withProof(id: string, proof: Proof | null, from = honest()): Certificate {
    return { ...from, proofs: from.proofs.with(segmentAt(id), proof) };
  }

  function withBytes(id: string, change: (bytes: Uint8Array) => Uint8Array, from = honest()): Certificate {
    const proof = proofOf(id, from);
    return withProof(id, { ...proof, bytes: change(proof.bytes) }, from);
  }

  function withCommitment(name: string, bytes: Uint8Array, from = honest()): Certificate {
    return { ...from, commitments: from.commitments.with(edgeAt(name, from), [bytes]) };
  }

  function withManifest(change: Partial<Manifest>, from = honest()): Certificate {
    return { ...from, manifest: { ...from.manifest, ...change } };
  }

  function withGraph(change: Partial<Graph>, from = honest()): Certificate {
    return withManifest({ graph: { ...from.manifest.graph, ...change } }, from);
  }

  /** Another circuit in place of a segment's, with its artifacts. */
  function withCircuit(id: string, circuit: Circuit, from: Certificate): Certificate {
    const { circuits, graph } = honest().manifest;
    const index = graph.segments[segmentAt(id)]?.circuit ?? -1;
    return withArtifacts({
      ...withManifest({ circuits: circuits.with(index, circuit) }),
      artifacts: new Map([...honest().artifacts, ...from.artifacts]),
    });
  }

  /** Drops the artifacts that nothing names any more. */
  function withArtifacts(certificate: Certificate): Certificate {
    const { circuits } = certificate.manifest;
    const named = new Set([
      ...circuits.flatMap((circuit) => Object.values(circuit.artifacts)),
      ...certificate.srs.values(),
      ...certificate.srsFiles.values(),
    ]);
    return {
      ...certificate,
      artifacts: new Map([...certificate.artifacts].filter(([key]) => named.has(key))),
    };
  }

  function circuitOf(id: string, from = honest()): Circuit {
    const circuit = from.manifest.circuits[from.manifest.graph.segments[segmentAt(id)]?.circuit ?? -1];
    if (circuit === undefined) throw new Error(`${id} has no circuit`);
    return circuit;
  }

  /** Another file in place of a circuit's artifact, filed under its own digest. */
  function withArtifact(id: string, role: string, bytes: Uint8Array, from = honest()): Certificate {
    const circuit = circuitOf(id, from);
    const index = from.manifest.circuits.indexOf(circuit);
    const artifacts = { ...circuit.artifacts, [role]: sha256Hex(bytes) };
    return withArtifacts({
      ...withManifest({ circuits: from.manifest.circuits.with(index, { ...circuit, artifacts }) }, from),
      artifacts: new Map([...from.artifacts, [sha256Hex(bytes), bytes]]),
    });
  }

  function artifactOf(id: string, role: string): Uint8Array {
    const bytes = honest().artifacts.get(circuitOf(id).artifacts[role] ?? '');
    if (bytes === undefined) throw new Error(`${id} has no ${role}`);
    return bytes;
  }

  /** An edge's type changed wherever it occurs: on the edge and on every port that touches it. */
  function withType(name: string, change: Partial<EdgeType>): Certificate {
    const { graph, circuits } = honest().manifest;
    const index = edgeAt(name);
    const retype = (type: EdgeType) => ({ ...type, ...change });
    const ports = (id: string, side: 'inputs' | 'outputs', types: readonly EdgeType[]) =>
      types.map((type, port) =>
        graph.segments.find((segment) => segment.id === id)?.[side][port]?.edge === index
          ? retype(type)
          : type,
      );
    return withManifest({
      graph: {
        ...graph,
        edges: graph.edges.map((edge, at) => {
          if (at !== index) return edge;
          const type = retype(edge.type);
          return { ...edge, type, blocks: [{ start: type.shape.map(() => 0), size: type.shape }] };
        }),
      },
      circuits: circuits.map((circuit, at) => {
        const id = graph.segments.find((segment) => segment.circuit === at)?.id ?? '';
        return {
          ...circuit,
          inputs: ports(id, 'inputs', circuit.inputs),
          outputs: ports(id, 'outputs', circuit.outputs),
        };
      }),
    });
  }

  return {
    segmentIds,
    segmentAt,
    edgeAt,
    edgeOf,
    proofOf,
    commitmentOf,
    withProof,
    withBytes,
    withCommitment,
    withManifest,
    withGraph,
    withCircuit,
    withArtifacts,
    circuitOf,
    withArtifact,
    artifactOf,
    withType,
  };
}
