import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { audit } from './audit.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-audit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([
  ['nothing', ''],
  ['text', 'no manifest'],
])('says of a file with %s that it is neither certificate nor manifest', async (_, content) => {
  const manifest = join(folder, 'junk');
  await writeFile(manifest, content);
  const limits = { parallel: 1, memory: 2 ** 30 };
  const report = audit({ manifest, model: 'no.onnx', limits }, { provers: new Map(), verifiers: [] });
  await expect(report).rejects.toMatchObject({
    code: 'ENCODING_INVALID',
    message: expect.stringContaining(`${manifest} is neither a certificate nor a manifest`),
    remedy: expect.any(String),
  });
});
