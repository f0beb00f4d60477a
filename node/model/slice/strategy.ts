import { TesseraError } from '../../../protocol/errors.ts';

/** How a model is cut: by layer, into a number of parts of about equal cost, or at named tensors. */
export type Strategy =
  | { kind: 'layer' }
  | { kind: 'parts'; count: number }
  | { kind: 'cuts'; tensors: readonly string[] };

/**
 * Reads `layer`, `parts=N` or `cuts=tensor,tensor`.
 *
 * @throws TesseraError `USAGE`
 */
export function parseStrategy(text: string): Strategy {
  const [kind = '', ...rest] = text.split('=');
  const value = rest.join('=');
  if (text === 'layer') return { kind: 'layer' };
  if (kind === 'parts' && /^[1-9]\d{0,4}$/.test(value)) return { kind: 'parts', count: Number(value) };
  const tensors = [...new Set(value.split(',').filter((name) => name !== ''))];
  if (kind === 'cuts' && tensors.length > 0) return { kind: 'cuts', tensors };
  throw new TesseraError('USAGE', {
    message: `${JSON.stringify(text)} is no slicing strategy`,
    remedy: 'Write layer, parts=N (1 to 99999) or cuts=TENSOR,TENSOR.',
    details: { strategy: text },
  });
}
