#!/usr/bin/env node
// npm's Solidity compiler behind the two options that forge asks a compiler for.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const solc = createRequire(import.meta.url)('solc');

if (process.argv.includes('--standard-json')) console.log(solc.compile(readFileSync(0, 'utf8')));
else console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
