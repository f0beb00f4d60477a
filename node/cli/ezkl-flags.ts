import { TesseraError } from '../../protocol/errors.ts';
import type { Output } from './output.ts';

/** Flags that only ezkl's circuits follow. */
export interface EzklFlags {
  scale?: number;
  srs?: string;
}

const given = ({ scale, srs }: EzklFlags): string[] => [
  ...(scale === undefined ? [] : ['--scale']),
  ...(srs === undefined ? [] : ['--srs']),
];

/** @throws TesseraError `USAGE` for such flags with a prover that follows none */
export function requireFollowed(flags: EzklFlags, prover: string): void {
  const flagged = given(flags);
  if (prover !== 'groth16' || flagged.length === 0) return;
  throw new TesseraError('USAGE', {
    message: `Only circuits of ezkl follow ${flagged.join(' and ')}, and --prover groth16 makes none`,
    remedy: 'Leave them out, or choose --prover auto or ezkl.',
  });
}

/**
 * Says so where such flags were given and changed nothing.
 *
 * @param provers of the job's circuits
 */
export function noteUnfollowed(output: Output, flags: EzklFlags, provers: readonly string[]): void {
  const flagged = given(flags);
  if (flagged.length === 0 || provers.includes('ezkl')) return;
  output.note(`${flagged.join(' and ')} changed nothing: no segment is proven by ezkl.`);
}
