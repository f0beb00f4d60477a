import { TesseraError } from '../../protocol/errors.ts';
import type { PortScheme } from '../provers/prover.ts';

/** The part of a slicing that decides schemes: who reads and writes which tensor. */
export interface Wiring {
  segments: readonly { id: string; inputs: readonly string[]; outputs: readonly string[] }[];
  /** Input and output tensors of the whole. */
  inputs: readonly string[];
  outputs: readonly string[];
}

/**
 * Chooses each tensor's scheme. Edges between segments are committed (`kzg`); inputs and outputs of the whole
 * are public unless `committed` names their side. A prover binds all tensors of one side of a segment in one
 * way, so a tensor of the whole that shares a side with a committed one is committed too.
 *
 * @returns the scheme of every tensor that crosses a segment's boundary
 */
export function chooseSchemes(
  wiring: Wiring,
  committed: { input: boolean; output: boolean },
): ReadonlyMap<string, PortScheme> {
  const produced = new Set(wiring.segments.flatMap((segment) => segment.outputs));
  const consumed = new Set(wiring.segments.flatMap((segment) => segment.inputs));
  const schemes = new Map<string, PortScheme>();
  for (const name of new Set([...produced, ...consumed])) {
    const between = produced.has(name) && consumed.has(name);
    const hidden =
      (committed.input && wiring.inputs.includes(name)) ||
      (committed.output && wiring.outputs.includes(name));
    schemes.set(name, between || hidden ? 'kzg' : 'public');
  }
  const sides = wiring.segments.flatMap((segment) => [segment.inputs, segment.outputs]);
  for (let changed = true; changed; ) {
    changed = false;
    for (const side of sides) {
      if (!side.some((name) => schemes.get(name) === 'kzg')) continue;
      for (const name of side) {
        if (schemes.get(name) === 'kzg') continue;
        schemes.set(name, 'kzg');
        changed = true;
      }
    }
  }
  return schemes;
}

/** Reads `--commit input,output`. */
export function parseCommitted(text: string | undefined): { input: boolean; output: boolean } {
  const names = (text ?? '').split(',').filter((name) => name !== '');
  const unknown = names.find((name) => name !== 'input' && name !== 'output');
  if (unknown !== undefined) {
    throw new TesseraError('USAGE', {
      message: `--commit takes input, output or both, not ${JSON.stringify(unknown)}`,
      remedy: 'Write --commit input, --commit output or --commit input,output.',
    });
  }
  return { input: names.includes('input'), output: names.includes('output') };
}
