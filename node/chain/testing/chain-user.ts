/** A process that uses the embedded chain of a directory until it is killed, or, told so, leaves it in order. */
import { openEmbeddedChain } from '../embedded-chain.ts';

const chain = await openEmbeddedChain(process.argv[2] ?? '');
process.stdout.write(`${chain.url}\n`);
process.stdin.once('data', async () => {
  await chain.close();
  process.exit();
});
