import { TesseraError } from '../../protocol/errors.ts';
import type { TiledSlicing } from '../model/tile/index.ts';
import type { Prover } from '../provers/prover.ts';
import type { Estimator } from './auto-slice.ts';

/** A model cut for some provers. */
export interface CutForProvers {
  cut: Pick<TiledSlicing, 'model' | 'slicing'>;
  estimate: Estimator;
}

/**
 * The way to cut a model that is expected to be fastest where all edges must share one scheme: cut once for the provers
 * of each scheme by themselves. Where no scheme's provers can do all of it, it is cut for all provers together, and
 * which segments then disagree is for whoever assigns them to say.
 *
 * @param cutFor throws where these provers cannot have the model, or not within its limits
 * @throws TesseraError as `cutFor` does for all provers, `ABORTED`
 */
export function cutForOneScheme<P extends Pick<Prover, 'binding'>, T extends CutForProvers>(
  provers: ReadonlyMap<string, P>,
  cutFor: (provers: ReadonlyMap<string, P>) => T,
): T {
  const schemes = new Set([...provers.values()].map(({ binding }) => binding.scheme));
  if (schemes.size < 2) return cutFor(provers);
  const attempts = [...schemes].flatMap((scheme) => {
    const own = new Map([...provers].filter(([, { binding }]) => binding.scheme === scheme));
    try {
      const attempt = cutFor(own);
      const seconds = expectedSeconds(attempt);
      return seconds === undefined ? [] : [{ attempt, seconds }];
    } catch (error) {
      if (!(error instanceof TesseraError) || error.code === 'ABORTED') throw error;
      return [];
    }
  });
  const [best] = attempts.sort((a, b) => a.seconds - b.seconds);
  return best?.attempt ?? cutFor(provers);
}

/** Of all segments, or nothing where one of them cannot be proven. */
function expectedSeconds({ cut: { model, slicing }, estimate }: CutForProvers): number | undefined {
  let seconds = 0;
  for (const segment of slicing.segments) {
    const expected = estimate(model, segment);
    if (expected === undefined) return undefined;
    seconds += expected.seconds;
  }
  return seconds;
}
