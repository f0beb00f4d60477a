import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodeCertificate } from '../protocol/certificate-codec.ts';
import { toyVerifier } from '../protocol/fixtures/toy-adapter.ts';
import { run, toyCertificate } from '../protocol/fixtures/toy-certificate.ts';
import { type VerifyOptions, verify } from './verify.ts';

let folder: string;
let certificate: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-verify-'));
  certificate = join(folder, 'toy.cert');
  await writeFile(certificate, encodeCertificate(toyCertificate(run([1n, 2n, 3n, 4n]))));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const idTooShort = 'a'.repeat(63);

it.each<[string, Omit<VerifyOptions, 'certificate'>, string]>([
  ['an input', { expect: { input: 'nope.json' } }, 'The input nope.json does not exist'],
  ['an output', { expect: { output: 'nope.json' } }, 'The output nope.json does not exist'],
  ['an opening', { opening: 'nope.opening' }, 'The opening nope.opening does not exist'],
  [
    'a model, be it an id that is a digit short',
    { expect: { model: idTooShort } },
    `The expected model ${idTooShort} is neither a file nor an id of 64 hexadecimal digits`,
  ],
])('names %s that is not there', async (_, options, message) => {
  const checked = verify({ certificate, ...options }, { verifiers: [toyVerifier()] });
  await expect(checked).rejects.toMatchObject({ message, remedy: expect.any(String) });
});

it('names a certificate that is damaged', async () => {
  const damaged = join(folder, 'damaged.cert');
  const bytes = encodeCertificate(toyCertificate(run([1n, 2n, 3n, 4n])));
  await writeFile(damaged, bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1));
  await expect(verify({ certificate: damaged }, { verifiers: [toyVerifier()] })).rejects.toMatchObject({
    code: 'CERTIFICATE_DAMAGED',
    message: expect.stringMatching(/^\/.*damaged\.cert: The certificate is damaged: its content/),
  });
});
