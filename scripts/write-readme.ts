// Writes the parts of the README that follow from the code.
import { readFileSync, writeFileSync } from 'node:fs';
import { withSections } from './readme/sections.ts';

const readme = new URL('../README.md', import.meta.url);
writeFileSync(readme, withSections(readFileSync(readme, 'utf8')));
