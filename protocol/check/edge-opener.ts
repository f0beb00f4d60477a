import { elementsOf } from '../blocks.ts';
import type { Certificate } from '../certificate.ts';
import { elementCount, type Hex32 } from '../edge.ts';
import { TesseraError } from '../errors.ts';
import { fitsField, writeIntegers } from '../field.ts';
import { checkEdge, type Edge } from '../graph.ts';
import { sha256Hex } from '../ids.ts';
import { commit as commitPoseidon2 } from '../poseidon2/index.ts';
import type { Problem } from '../problem.ts';
import { findSrs } from '../srs.ts';
import type { KzgScheme, ProofVerifier } from '../verifier.ts';
import { equalBytes } from './equal-bytes.ts';
import type { KeyCheck } from './keys.ts';
import { keyOf } from './links.ts';
import { pauses } from './pauses.ts';

/** The SRS file of an id and size, as the person who checks has it, or nothing. The check inspects what it gets. */
export type SrsSource = (id: Hex32, k: number) => Promise<Uint8Array | undefined>;

/** Blinding values by the names of blinded edges, one a block; whoever made the proofs has them. */
export type Blindings = Readonly<Record<string, readonly bigint[]>>;

/** What committing to an edge's tensor again may take. */
export interface OpenerInit {
  srs: SrsSource;
  blindings: Blindings;
  signal?: AbortSignal;
}

/** Compares integers with what the proofs bind on an edge. */
export class EdgeOpener {
  readonly #certificate: Certificate;
  readonly #keys: KeyCheck;
  readonly #init: OpenerInit;
  readonly #pause: () => Promise<void>;
  /** By edge and block: the circuit of the first segment that touches it. */
  readonly #circuits = new Map<string, number>();
  /** Files that may be used, or why they may not, by id and k. */
  readonly #files = new Map<string, Uint8Array | string>();
  /** What files are, or why they are none: inspecting one takes minutes, and a stranger may name it by many ids. */
  readonly #inspected = new Map<Uint8Array, { id: Hex32; k: number } | string>();

  constructor(certificate: Certificate, keys: KeyCheck, init: OpenerInit) {
    this.#certificate = certificate;
    this.#keys = keys;
    this.#init = init;
    this.#pause = pauses(init.signal);
    for (const { circuit, inputs, outputs } of certificate.manifest.graph.segments) {
      for (const ref of [...inputs, ...outputs]) {
        const key = keyOf(ref);
        if (!this.#circuits.has(key)) this.#circuits.set(key, circuit);
      }
    }
  }

  /**
   * Whether an edge's commitments are the canonical ones to these integers.
   *
   * @returns null when they are, or what keeps them from it
   */
  async unlike(
    index: number,
    values: readonly bigint[],
  ): Promise<{ unchecked: boolean; why: string } | null> {
    const edge = this.#certificate.manifest.graph.edges[index];
    if (edge === undefined) return { unchecked: false, why: `edge ${index} does not exist` };
    // Nothing below bounds its work for an edge that is malformed.
    if (checkEdge(edge).length > 0) return { unchecked: true, why: 'the edge itself is malformed' };
    const count = elementCount(edge.type.shape);
    if (values.length !== count) {
      return { unchecked: false, why: `${values.length} values for ${count} elements` };
    }
    if (!values.every(fitsField)) return { unchecked: false, why: 'a value does not fit the field' };
    for (const [block, box] of edge.blocks.entries()) {
      await this.#pause();
      const elements = elementsOf(values, edge.type.shape, box);
      const commitment = await this.#commit(edge, index, block, elements);
      if (typeof commitment === 'string') return { unchecked: true, why: commitment };
      const stated = this.#certificate.commitments[index]?.[block];
      if (stated === undefined || !equalBytes(commitment, stated)) {
        return { unchecked: false, why: `block ${block} is committed to other values` };
      }
    }
    return null;
  }

  /** The canonical commitment, or why there is none. */
  async #commit(
    edge: Edge,
    index: number,
    block: number,
    values: readonly bigint[],
  ): Promise<Uint8Array | string> {
    const { scheme, interval } = edge.type;
    const shape = edge.blocks[block]?.size ?? [];
    try {
      switch (scheme.name) {
        case 'public':
          return writeIntegers(values);
        case 'poseidon2': {
          if (interval === 'unproven') return 'its interval is unproven';
          const blinding = scheme.blinded ? this.#init.blindings[edge.name]?.[block] : undefined;
          if (scheme.blinded && blinding === undefined)
            return 'it is committed under a blinding value, which only its opening has (--opening)';
          return commitPoseidon2({ ...edge.type, interval, shape }, values, blinding);
        }
        case 'kzg': {
          const verifier = this.#verifierOf(index, block);
          if (verifier?.kzg === undefined) return 'no verifier of this program touches the edge';
          const srs = await this.#file(verifier.kzg, scheme.srs, scheme.k);
          if (typeof srs === 'string') return srs;
          return await verifier.kzg.commit({ ...edge.type, shape }, values, srs, this.#init.signal);
        }
      }
    } catch (error) {
      return refusal(error);
    }
  }

  async #file(kzg: KzgScheme, id: Hex32, k: number): Promise<Uint8Array | string> {
    const key = `${id}/${k}`;
    const file = this.#files.get(key) ?? (await this.#open(kzg, id, k).catch(refusal));
    this.#files.set(key, file);
    return file;
  }

  /**
   * Whether every SRS file that the certificate carries is the one of a committed input or output.
   *
   * @returns what is wrong with each that is not
   */
  async srsFileProblems(): Promise<Problem[]> {
    const { manifest, srsFiles } = this.#certificate;
    const { graph } = manifest;
    const problems: Problem[] = [];
    for (const id of srsFiles.keys()) {
      const index = [...graph.inputs, ...graph.outputs].find((i) => {
        const scheme = graph.edges[i]?.type.scheme;
        return scheme?.name === 'kzg' && scheme.srs === id;
      });
      const scheme = index === undefined ? undefined : graph.edges[index]?.type.scheme;
      const verifier = index === undefined ? undefined : this.#verifierOf(index, 0);
      const file =
        scheme?.name !== 'kzg' || verifier?.kzg === undefined
          ? `no input or output is committed under SRS ${id}, whose file is carried`
          : await this.#file(verifier.kzg, id, scheme.k);
      if (typeof file === 'string') problems.push({ code: 'SRS_MISMATCH', message: file });
    }
    return problems;
  }

  /** The SRS file, held against the listed digest or, for one that is not listed, inspected. */
  async #open(kzg: KzgScheme, id: Hex32, k: number): Promise<Uint8Array | string> {
    const carried = this.#certificate.srsFiles.get(id);
    const file =
      (carried === undefined ? undefined : this.#certificate.artifacts.get(carried)) ??
      (await this.#init.srs(id, k));
    if (file === undefined) return `the SRS ${id} of size 2^${k} is needed to commit again`;
    const listed = findSrs(id)?.files[k];
    if (listed !== undefined) {
      return sha256Hex(file) === listed
        ? file
        : `the file given for SRS ${id} has another digest than listed`;
    }
    const found = await this.#inspect(kzg, file);
    if (typeof found === 'string') return found;
    return found.id === id && found.k === k
      ? file
      : `the file given for SRS ${id} of size 2^${k} is SRS ${found.id} of size 2^${found.k}`;
  }

  async #inspect(kzg: KzgScheme, file: Uint8Array): Promise<{ id: Hex32; k: number } | string> {
    const found = this.#inspected.get(file) ?? (await kzg.inspectSrs(file, this.#init.signal).catch(refusal));
    this.#inspected.set(file, found);
    return found;
  }

  #verifierOf(edge: number, block: number): ProofVerifier | undefined {
    const circuit = this.#circuits.get(keyOf({ edge, block }));
    return circuit === undefined ? undefined : this.#keys.circuits[circuit]?.verifier;
  }
}

/** Why bytes that came from elsewhere were refused; any other failure goes on upwards. */
function refusal(error: unknown): string {
  if (!(error instanceof TesseraError) || error.code === 'ABORTED') throw error;
  return error.message;
}
