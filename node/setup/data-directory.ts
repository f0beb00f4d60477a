import { join } from 'node:path';

/** Where everything that the program keeps lies; nothing else is ever written without being asked for. */
export interface DataDirectory {
  root: string;
  /** The virtual environment with ezkl. */
  python: string;
  /** Circuits, keys and SRS by content. */
  cache: string;
}

/** @param root - Absolute path. */
export function dataDirectory(root: string): DataDirectory {
  return { root, python: join(root, 'python'), cache: join(root, 'cache') };
}

/** Everything below `root` that the program makes, by what it is for: what `uninstall` may remove. */
export function contents(directory: DataDirectory): { path: string; what: string }[] {
  return [
    { path: directory.python, what: 'the Python environment with ezkl' },
    { path: directory.cache, what: 'circuits, keys and SRS (they are made again when needed)' },
  ];
}
