// Checks a certificate, with no prover installed: node examples/verify-in-node.ts CERTIFICATE [MODEL_ID]
import { readFile } from 'node:fs/promises';
import { verifyCertificate } from '@tessera-zkml/tessera/verify';

const [path, modelId] = process.argv.slice(2);
if (path === undefined) throw new Error('Give the path of a certificate.');

const { report, outputs } = await verifyCertificate(await readFile(path), {
  // Good enough to try things: whoever made development keys can forge proofs.
  allowDevelopment: true,
  // Known from an audit; without it, the certificate may be of any model.
  ...(modelId === undefined ? {} : { expect: { modelId } }),
  onProgress: ({ done, total }) => console.error(`${done} of ${total} proofs checked`),
});

for (const { code, message } of report.problems) console.error(`${code}: ${message}`);
console.log(`${report.valid ? 'valid' : 'not valid'}, of model ${report.model}, trust: ${report.trust}`);
for (const [name, values] of outputs) console.log(`${name}: ${values.join(' ')}`);
process.exitCode = report.valid ? 0 : 1;
