// Proves what a handwritten digit is: node examples/prove-a-digit.ts DIGIT.png CERTIFICATE
import { fileURLToPath } from 'node:url';
import { openTessera } from '@tessera-zkml/tessera';

const [input, out] = process.argv.slice(2);
if (input === undefined || out === undefined)
  throw new Error('Give an image and where the certificate goes.');

const tessera = openTessera({ home: process.env.TESSERA_HOME ?? 'tessera-data', environment: process.env });
try {
  // Installs the provers, the first time.
  await tessera.setUp({ onProgress: (part, step) => console.error(`${part}: ${step}`) });
  const { outputs, model, trust } = await tessera.prove({
    model: fileURLToPath(new URL('../models/cnn-small.onnx', import.meta.url)),
    input,
    strategy: 'parts=2',
    out,
    onProgress: (event) => {
      if (event.type === 'stage') console.error(`${event.stage}: ${event.done} of ${event.total}`);
    },
  });
  const scores = outputs[0]?.proven ?? new Float64Array();
  console.log(`It is a ${scores.indexOf(Math.max(...scores))}, proven with model ${model}, trust: ${trust}`);
} finally {
  await tessera.close();
}
