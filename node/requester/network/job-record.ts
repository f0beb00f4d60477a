import type { Hex32 } from '../../../protocol/edge.ts';
import type { Records } from '../../store/index.ts';
import type { Blindings } from '../blindings.ts';

/** What is kept of a job that is being proven, so that it is taken up again. */
export interface JobRecord {
  job: Hex32;
  nonce: Hex32;
  /** The blinding values that its commitments hide, by tensor, in decimal. */
  blindings: Readonly<Record<string, string>>;
  /** Its workers were told that nothing more is needed of them; it may be taken up all the same. */
  withdrawn?: boolean;
}

/** What is kept of one of its segments. */
export interface SegmentRecord {
  /** The proof's artifact, in hexadecimal, once it is verified. */
  proof?: string;
  /** The assignment that holds. */
  assignment?: { id: Hex32; worker: Hex32; attempt: number };
}

export interface JobRecordsComponents {
  jobs: Records<JobRecord>;
  /** A record for each segment: a proof that comes does not write all others again. */
  segments: Records<SegmentRecord>;
}

/** What a node keeps of the jobs that it has proven. A job's key says what is proven, and is the same in every run. */
export class JobRecords {
  readonly #components: JobRecordsComponents;

  constructor(components: JobRecordsComponents) {
    this.#components = components;
  }

  /** Jobs whose workers may still be at work, since the node was ended without telling them. */
  async interrupted(): Promise<Set<Hex32>> {
    const jobs = new Set<Hex32>();
    for await (const [, { job, withdrawn }] of this.#components.jobs.entries()) {
      if (withdrawn !== true) jobs.add(job);
    }
    return jobs;
  }

  /**
   * Opens a job's record, and makes it where there is none.
   *
   * @param count of its segments
   */
  async open(key: Hex32, count: number, make: () => JobRecord): Promise<OpenJobRecord> {
    const { jobs, segments } = this.#components;
    const known = await jobs.get(key);
    const record = known ?? make();
    if (known === undefined || known.withdrawn === true) {
      delete record.withdrawn;
      await jobs.put(key, record);
    }
    const kept = new Map<number, SegmentRecord>();
    for (let segment = 0; known !== undefined && segment < count; segment++) {
      const found = await segments.get(nameOf(key, segment));
      if (found !== undefined) kept.set(segment, found);
    }
    return new OpenJobRecord(key, record, kept, this.#components);
  }
}

/** The record of a job that is being proven. */
export class OpenJobRecord {
  readonly #key: Hex32;
  readonly #record: JobRecord;
  readonly #segments: Map<number, SegmentRecord>;
  readonly #components: JobRecordsComponents;

  constructor(
    key: Hex32,
    record: JobRecord,
    segments: Map<number, SegmentRecord>,
    components: JobRecordsComponents,
  ) {
    this.#key = key;
    this.#record = record;
    this.#segments = segments;
    this.#components = components;
  }

  get nonce(): Hex32 {
    return this.#record.nonce;
  }

  get blindings(): Blindings {
    return new Map(Object.entries(this.#record.blindings).map(([name, value]) => [name, BigInt(value)]));
  }

  /** What was kept of the segments, by index. */
  get segments(): ReadonlyMap<number, SegmentRecord> {
    return this.#segments;
  }

  async save(segment: number, record: SegmentRecord): Promise<void> {
    this.#segments.set(segment, record);
    await this.#components.segments.put(nameOf(this.#key, segment), record);
  }

  /** Notes that the workers know that nothing more is needed; proofs are kept. */
  async withdraw(): Promise<void> {
    for (const [segment, { proof, assignment }] of this.#segments) {
      if (assignment !== undefined) await this.save(segment, proof === undefined ? {} : { proof });
    }
    await this.#components.jobs.put(this.#key, { ...this.#record, withdrawn: true });
  }

  /** Forgets the job: it is done. */
  async delete(): Promise<void> {
    await this.#components.jobs.delete(this.#key);
    for (const segment of this.#segments.keys()) {
      await this.#components.segments.delete(nameOf(this.#key, segment));
    }
  }
}

/** The record of a job that begins. */
export function newJobRecord(job: Hex32, nonce: Hex32, blindings: Blindings): JobRecord {
  return {
    job,
    nonce,
    blindings: Object.fromEntries([...blindings].map(([name, value]) => [name, value.toString()])),
  };
}

const nameOf = (key: Hex32, segment: number) => `${key}/${segment}`;
