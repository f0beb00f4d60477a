import type { Hex32 } from '../../../protocol/edge.ts';
import { TesseraError } from '../../../protocol/errors.ts';
import type { Records } from '../../store/index.ts';
import type { Blindings } from '../blindings.ts';

/** What is kept of a job that is being proven, so that it is taken up again. */
export interface JobRecord {
  job: Hex32;
  nonce: Hex32;
  /** When it was last begun or taken up, milliseconds since 1970. */
  openedAt: number;
  /** The blinding values that its commitments hide, by tensor, in decimal. */
  blindings: Readonly<Record<string, string>>;
  /** Its workers were told that nothing more is needed of them; it may be taken up all the same. */
  withdrawn?: boolean;
}

/** What is kept of one of its segments. */
export interface SegmentRecord {
  /** Once a proof of it is verified: its artifact, in hexadecimal, and whose it is. */
  proven?: { proof: string; worker: Hex32 };
  /** Until then, the assignments that held when it was last given to anybody. */
  assignments?: readonly AssignmentRecord[];
}

export interface AssignmentRecord {
  id: Hex32;
  worker: Hex32;
  attempt: number;
}

/** Milliseconds after which a job is forgotten that nobody has taken up. */
const keptMs = 30 * 24 * 3_600_000;

export interface JobRecordsComponents {
  jobs: Records<JobRecord>;
  /** A record for each segment: a proof that comes does not write all others again. */
  segments: Records<SegmentRecord>;
}

/** What a node keeps of the jobs that it has proven. A job's key says what is proven, and is the same in every run. */
export class JobRecords {
  readonly #components: JobRecordsComponents;
  readonly #now: () => number;
  /** Keys of the records that are open. */
  readonly #open = new Set<Hex32>();

  /** @param now milliseconds since 1970 */
  constructor(components: JobRecordsComponents, now: () => number = Date.now) {
    this.#components = components;
    this.#now = now;
  }

  /** Jobs whose workers may still be at work, since the node was ended without telling them. */
  async interrupted(): Promise<Set<Hex32>> {
    const interrupted = new Set<Hex32>();
    for await (const [, { job, withdrawn }] of this.#components.jobs.entries()) {
      if (withdrawn !== true) interrupted.add(job);
    }
    return interrupted;
  }

  /**
   * Forgets jobs that nobody has taken up for thirty days.
   *
   * @returns their ids
   */
  async forgetOld(): Promise<Hex32[]> {
    const { jobs, segments } = this.#components;
    const old = new Map<string, Hex32>();
    for await (const [key, { job, openedAt }] of jobs.entries()) {
      if (this.#now() - openedAt > keptMs) old.set(key, job);
    }
    if (old.size === 0) return [];
    for await (const [name] of segments.entries()) if (old.has(keyOf(name))) await segments.delete(name);
    for (const key of old.keys()) await jobs.delete(key);
    return [...old.values()];
  }

  /**
   * Opens a job's record, and makes it where there is none. It is to be closed.
   *
   * @param count of its segments
   * @throws TesseraError `USAGE` while it is open already
   */
  async open(key: Hex32, count: number, make: () => Omit<JobRecord, 'openedAt'>): Promise<OpenJobRecord> {
    if (this.#open.has(key)) {
      throw new TesseraError('USAGE', {
        message:
          'This node has the same job proven already: the same model, cut in the same way, on the same input',
        remedy: 'Wait for that one, or cancel it: `tessera status` lists it.',
      });
    }
    this.#open.add(key);
    const close = () => void this.#open.delete(key);
    try {
      const { jobs, segments } = this.#components;
      const known = await jobs.get(key);
      const { withdrawn: _, ...kept } = known ?? make();
      const record = { ...kept, openedAt: this.#now() };
      await jobs.put(key, record);
      const found = new Map<number, SegmentRecord>();
      for (let segment = 0; known !== undefined && segment < count; segment++) {
        const one = await segments.get(nameOf(key, segment));
        if (one !== undefined) found.set(segment, one);
      }
      return new OpenJobRecord({ key, record, segments: found, close }, this.#components);
    } catch (error) {
      close();
      throw error;
    }
  }
}

interface OpenJobRecordInit {
  key: Hex32;
  record: JobRecord;
  segments: Map<number, SegmentRecord>;
  close: () => void;
}

/** The record of a job that is being proven. */
export class OpenJobRecord {
  readonly #key: Hex32;
  readonly #record: JobRecord;
  readonly #segments: Map<number, SegmentRecord>;
  readonly #components: JobRecordsComponents;
  /** Lets it be opened again. */
  readonly close: () => void;

  constructor({ key, record, segments, close }: OpenJobRecordInit, components: JobRecordsComponents) {
    this.#key = key;
    this.#record = record;
    this.#segments = segments;
    this.#components = components;
    this.close = close;
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
    for (const [segment, { assignments }] of this.#segments) {
      if (assignments !== undefined) await this.save(segment, {});
    }
    await this.#components.jobs.put(this.#key, { ...this.#record, withdrawn: true });
  }

  /** Forgets the job: it is done. */
  async delete(): Promise<void> {
    for (const segment of this.#segments.keys()) {
      await this.#components.segments.delete(nameOf(this.#key, segment));
    }
    await this.#components.jobs.delete(this.#key);
  }
}

/** The record of a job that begins. */
export function newJobRecord(job: Hex32, nonce: Hex32, blindings: Blindings): Omit<JobRecord, 'openedAt'> {
  return {
    job,
    nonce,
    blindings: Object.fromEntries([...blindings].map(([name, value]) => [name, value.toString()])),
  };
}

const nameOf = (key: Hex32, segment: number) => `${key}/${segment}`;
const keyOf = (name: string) => name.slice(0, name.indexOf('/'));
