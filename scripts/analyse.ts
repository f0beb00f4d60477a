/** Analyses the contracts with Slither; fails on what contracts/testing/slither/explained.json does not explain. */
import { analyse, explainedFindings, judgeFindings } from '../contracts/testing/slither/analyse.ts';

const findings = await analyse();
const { unexplained, obsolete } = judgeFindings(findings, await explainedFindings());
for (const { check, at, description } of unexplained) console.error(`${check} ${at}: ${description}\n`);
for (const name of obsolete) console.error(`${name} is explained, and is found no more`);
console.log(
  `Slither: ${findings.length} findings, ${unexplained.length} of them unexplained; ${obsolete.length} explanations obsolete.`,
);
process.exitCode = unexplained.length + obsolete.length === 0 ? 0 : 1;
