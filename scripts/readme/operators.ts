import { lowerings } from '../../node/provers/circuit/quantise/lower/index.ts';
import { supportedOperators } from '../../node/provers/ezkl/operators.ts';

/** What each prover supports, as its table in the code says. */
export function operatorLists(): string {
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
