import { lowerings } from '../node/provers/circuit/quantise/lower/index.ts';
import { supportedOperators } from '../node/provers/ezkl/operators.ts';

const begin = '<!-- operators: written by npm run docs -->';
const end = '<!-- /operators -->';

/** What each prover supports, as its table in the code says. */
function operatorsSection(): string {
  const ezkl = (precision: 'exact' | 'tolerance') =>
    supportedOperators
      .filter((operator) => operator.precision === precision)
      .map(({ operator, conditional }) => `${operator}${conditional ? '\\*' : ''}`);
  return [
    list('ezkl, exactly', ezkl('exact')),
    list('ezkl, within a tolerance', ezkl('tolerance')),
    list('Tessera’s own circuits, exactly', [...lowerings.keys()].sort()),
  ].join('\n\n');
}

function list(title: string, operators: readonly string[]): string {
  return `**${title}** (${operators.length}): ${operators.join(', ')}.`;
}

/**
 * A document with its list of operators brought up to date.
 *
 * @throws Error where the document has no place for it
 */
export function withOperators(document: string): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`The document lacks ${begin} … ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${operatorsSection()}\n\n${document.slice(to)}`;
}
