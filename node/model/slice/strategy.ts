import { TesseraError } from '../../../protocol/errors.ts';

/** How a model is cut into segments. */
export type Strategy =
  /** One segment for each node that multiplies tensors. */
  | { kind: 'layer' }
  /** This many segments of about equal cost. */
  | { kind: 'parts'; count: number }
  /** At these tensors. */
  | { kind: 'cuts'; tensors: readonly string[] };

const remedy = 'Give layer, parts=N (N from 1 to 65536), or cuts=TENSOR,TENSOR.';

/** Segments that one computation may have. */
const MAX_PARTS = 65536;

/**
 * Reads a strategy as it is written on the command line: `layer`, `parts=3`, `cuts=tensor,tensor`.
 * @throws TesseraError `USAGE` for anything else.
 */
export function parseStrategy(text: string): Strategy {
  const wrong = (message: string) =>
    new TesseraError('USAGE', { message, remedy, details: { strategy: text } });
  if (text === 'layer') return { kind: 'layer' };
  const [, kind, value] = /^(parts|cuts)=(.*)$/s.exec(text) ?? [];
  if (kind === 'parts') {
    const count = /^[1-9][0-9]{0,4}$/.test(value ?? '') ? Number(value) : Number.NaN;
    if (!(count <= MAX_PARTS)) throw wrong(`${JSON.stringify(value)} is not a number of parts.`);
    return { kind: 'parts', count };
  }
  if (kind === 'cuts') {
    const tensors = (value ?? '').split(',').map((name) => name.trim());
    if (tensors.includes('')) throw wrong(`A tensor's name is empty in ${text}.`);
    const twice = tensors.find((name, index) => tensors.indexOf(name) !== index);
    if (twice !== undefined) throw wrong(`Tensor ${twice} is named twice in ${text}.`);
    return { kind: 'cuts', tensors };
  }
  throw wrong(`${JSON.stringify(text)} is not a way to slice a model.`);
}

/** A strategy as it is written on the command line; `parseStrategy` reads it back. */
export function formatStrategy(strategy: Strategy): string {
  switch (strategy.kind) {
    case 'layer':
      return 'layer';
    case 'parts':
      return `parts=${strategy.count}`;
    case 'cuts':
      return `cuts=${strategy.tensors.join(',')}`;
  }
}
