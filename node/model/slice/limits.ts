import type { TesseraError } from '../../../protocol/errors.ts';
import { parseMemory } from '../../memory.ts';

/** What one segment may take at most. */
export interface Limits {
  /** Bytes of resident memory of its prover's process. */
  memory?: number;
  /** Constraints. */
  rows?: number;
}

/**
 * Reads `memory=SIZE`, `rows=N`, or both with a comma between.
 *
 * @throws what `wrong` makes of a reason
 */
export function parseLimits(text: string, wrong: (reason: string) => TesseraError): Limits {
  const limits: Limits = {};
  for (const part of text.split(',')) {
    const [, name = '', value = ''] = /^(memory|rows)=(.*)$/s.exec(part) ?? [];
    if (name !== 'memory' && name !== 'rows') throw wrong(`${JSON.stringify(part)} is no limit.`);
    if (limits[name] !== undefined) throw wrong(`Two limits of ${name} are given in ${text}.`);
    const amount = name === 'memory' ? parseMemory(value) : countOf(value);
    if (amount === undefined) throw wrong(`${JSON.stringify(value)} is no limit of ${name}.`);
    limits[name] = amount;
  }
  return limits;
}

export function formatLimits({ memory, rows }: Limits): string {
  const parts = [
    ...(memory === undefined ? [] : [`memory=${exactSize(memory)}`]),
    ...(rows === undefined ? [] : [`rows=${rows}`]),
  ];
  return parts.join(',');
}

function countOf(text: string): number | undefined {
  return /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : undefined;
}

/** The largest unit in which an amount is a whole number. */
function exactSize(bytes: number): string {
  const units = ['TiB', 'GiB', 'MiB', 'KiB', 'B'];
  const power = units.findIndex((_, index) => bytes % 1024 ** (units.length - 1 - index) === 0);
  return `${bytes / 1024 ** (units.length - 1 - power)}${units[power]}`;
}
