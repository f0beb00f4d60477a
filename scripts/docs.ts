// Writes the parts of the README that follow from the code.
import { readFileSync, writeFileSync } from 'node:fs';
import { withOperators } from './operators-section.ts';

const readme = new URL('../README.md', import.meta.url);
writeFileSync(readme, withOperators(readFileSync(readme, 'utf8')));
