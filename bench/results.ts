import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { Row } from './row.ts';

/** Where, when and with what a benchmark was run, and how its figures came about. */
export interface RunRecord {
  /** ISO 8601. */
  date: string;
  /** Of the sources, with `+` for uncommitted changes. */
  commit: string;
  machine: object;
  versions: object;
  /** Why it could not be measured, if so. */
  error?: string;
  detail?: object;
}

/** Results of one benchmark. */
export interface BenchmarkResult {
  benchmark: string;
  rows: readonly Row[];
  record: RunRecord;
}

export interface Results {
  rows: readonly Row[];
  /** By benchmark. */
  runs: Readonly<Record<string, RunRecord>>;
}

const files = { rows: 'latest.json', runs: 'latest.meta.json' } as const;

/** The results in a directory; none yet is no error. */
export function readResults(directory: string): Results {
  return {
    rows: readJson<Row[]>(join(directory, files.rows)) ?? [],
    runs: readJson<Results['runs']>(join(directory, files.runs)) ?? {},
  };
}

/** Puts a benchmark's rows in the place of its earlier ones; the order is that of `benchmarks`, then of arrival. */
export function mergeResults(
  earlier: Results,
  { benchmark, rows, record }: BenchmarkResult,
  benchmarks: readonly string[],
): Results {
  const others = earlier.rows.filter((row) => benchmarkOf(row) !== benchmark);
  const place = (row: Row) => {
    const index = benchmarks.indexOf(benchmarkOf(row));
    return index === -1 ? benchmarks.length : index;
  };
  return {
    rows: [...others, ...rows].sort((a, b) => place(a) - place(b)),
    runs: { ...earlier.runs, [benchmark]: record },
  };
}

export async function writeResults(directory: string, { rows, runs }: Results): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFileAtomic(join(directory, files.rows), `${JSON.stringify(rows, null, 2)}\n`);
  await writeFileAtomic(join(directory, files.runs), `${JSON.stringify(runs, null, 2)}\n`);
}

/** The benchmark that a row belongs to: its name up to the first slash. */
function benchmarkOf({ name }: Row): string {
  return name.split('/', 1)[0] as string;
}

function readJson<T>(path: string): T | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;
}
