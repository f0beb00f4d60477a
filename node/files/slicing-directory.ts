import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TesseraError } from '../../protocol/errors.ts';

/** Marks a `graph.json` as ours; another number is another layout. */
export const slicingFormat = 'tessera/slicing/1';

/** The part of `graph.json` by which a directory's own files are told from foreign ones. */
export interface SlicingFiles {
  format: typeof slicingFormat;
  segments: readonly { file: string }[];
  constants?: { file: string };
}

const graphFile = 'graph.json';
/** Holds a slicing while it is written; what an interrupted run leaves in it is the next run's to remove. */
const unfinished = '.tessera-slicing';
/** Above the graph of 65,536 segments. */
const maximumGraphBytes = 2 ** 28;

/**
 * Replaces the slicing in a directory by another. The new one is written aside, then moved into place, `graph.json`
 * last: what an interruption leaves is never taken for a slicing, and the next run replaces it.
 *
 * @param write writes the files that `graph` names into the directory it is given, each with its `.data` if it has one
 * @throws TesseraError `USAGE` when the directory holds files that are not of an earlier slicing, which stay untouched;
 *   `STORAGE_FAILED`
 */
export async function replaceSlicing(
  directory: string,
  graph: SlicingFiles,
  write: (directory: string) => Promise<void>,
): Promise<void> {
  const aside = join(directory, unfinished);
  try {
    await mkdir(directory, { recursive: true });
    const earlier = await ownFiles(directory);
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside);
    await writeFile(join(aside, graphFile), `${JSON.stringify(graph, null, 2)}\n`);
    await write(aside);
    for (const name of earlier) await rm(join(directory, name));
    await rm(join(directory, graphFile), { force: true });
    const written = (await readdir(aside)).filter((name) => name !== graphFile);
    for (const name of [...written, graphFile]) await rename(join(aside, name), join(directory, name));
    await rm(aside, { recursive: true });
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new TesseraError('STORAGE_FAILED', {
      message: `The slicing cannot be written to ${directory}: ${cause.message}`,
      remedy: 'Check the free space and the permissions, or choose another directory for --out.',
      details: { directory, reason: cause.code },
      cause,
    });
  }
}

/** The segments' files of an earlier slicing, finished or not. */
async function ownFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory);
  const graphs = await Promise.all([directory, join(directory, unfinished)].map(readGraph));
  const known = new Set(graphs.flatMap((graph) => (graph === undefined ? [] : filesOf(graph))));
  const isGraph = (name: string) => name === graphFile && graphs[0] !== undefined;
  const foreign = names.filter((name) => name !== unfinished && !isGraph(name) && !known.has(name));
  if (foreign.length > 0) {
    throw new TesseraError('USAGE', {
      message: `${directory} holds files that are not of an earlier slicing: ${foreign.slice(0, 5).join(', ')}`,
      remedy: 'Choose an empty or new directory for --out.',
      details: { found: foreign.slice(0, 5) },
    });
  }
  return names.filter((name) => known.has(name));
}

function filesOf({ segments, constants }: SlicingFiles): string[] {
  return [...segments, ...(constants ? [constants] : [])].flatMap(({ file }) => [file, `${file}.data`]);
}

async function readGraph(directory: string): Promise<SlicingFiles | undefined> {
  const path = join(directory, graphFile);
  try {
    const entry = await lstat(path);
    if (!entry.isFile() || entry.size > maximumGraphBytes) return undefined;
    const graph: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isSlicing(graph) ? graph : undefined;
  } catch (error) {
    // No graph, or one that is not ours: what lies beside it is foreign.
    if (error instanceof SyntaxError || (isSystemError(error) && error.code === 'ENOENT')) return undefined;
    throw error;
  }
}

function isSlicing(graph: unknown): graph is SlicingFiles {
  if (!isRecord(graph) || graph.format !== slicingFormat || !Array.isArray(graph.segments)) return false;
  const files = graph.constants === undefined ? graph.segments : [...graph.segments, graph.constants];
  return files.every((entry: unknown) => isRecord(entry) && typeof entry.file === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
