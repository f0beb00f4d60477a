import { latestFigures } from '../../bench/readme.ts';
import { operatorLists } from './operators.ts';
import { verbTable } from './verbs.ts';

/** What is written between `<!-- NAME: written by npm run docs -->` and `<!-- /NAME -->`, by name. */
const sections: Readonly<Record<string, () => string>> = {
  verbs: verbTable,
  operators: operatorLists,
  figures: latestFigures,
};

/**
 * A document with the parts that follow from the code brought up to date.
 *
 * @throws Error where the document has no place for one
 */
export function withSections(document: string): string {
  return Object.entries(sections).reduce((text, [name, write]) => {
    const begin = `<!-- ${name}: written by npm run docs -->`;
    const end = `<!-- /${name} -->`;
    const from = text.indexOf(begin);
    const to = text.indexOf(end);
    if (from < 0 || to < from) throw new Error(`The document lacks ${begin} … ${end}`);
    return `${text.slice(0, from + begin.length)}\n\n${write()}\n\n${text.slice(to)}`;
  }, document);
}
