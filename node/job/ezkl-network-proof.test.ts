import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeCertificate } from '../../protocol/certificate-codec.ts';
import { checkCertificate } from '../../protocol/check.ts';
import { branchingModel } from '../../tests/support/branching-model.ts';
import { describeWithEzkl, requireEzklPython } from '../../tests/support/ezkl-python.ts';
import { image } from '../../tests/support/proving.ts';
import { encodeModel } from '../model/onnx/encode.ts';
import { createEngineThread } from '../provers/ezkl/verifier/engine-thread.ts';
import { createEzklVerifier } from '../provers/ezkl/verifier/index.ts';
import { JobPeers } from './testing/job-peers.ts';

const peers = new JobPeers();
const engine = createEngineThread();
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tessera-ezkl-network-'));
});
afterAll(async () => {
  await peers.close();
  await engine.close();
  await rm(directory, { recursive: true, force: true });
});

describeWithEzkl('a job of ezkl’s circuits', () => {
  it('is proven by another process, its segments joined by kzg edges', async () => {
    const provers = { ezkl: requireEzklPython() };
    const [model, input] = [join(directory, 'model.onnx'), join(directory, 'input.json')];
    await writeFile(model, await encodeModel(branchingModel()));
    await writeFile(input, JSON.stringify({ image: image(36) }));
    const worker = await peers.start({ provers, worker: { parallel: 1 } });
    const asking = await peers.start({
      provers,
      job: { model, input, out: join(directory, 'certificate'), strategy: 'parts=2', scale: 4 },
      configuration: { bootstrap: [...worker.addresses] },
    });
    const certificate = decodeCertificate(new Uint8Array(await readFile(await asking.certificate)));
    const options = { verifiers: [createEzklVerifier({ engine })], allowDevelopment: true };
    expect(await checkCertificate(certificate, options)).toMatchObject({ valid: true });
    const schemes = certificate.manifest.graph.edges.map(({ type }) => type.scheme);
    expect(schemes.some(({ name }) => name === 'kzg')).toBe(true);
    for (const scheme of schemes) if (scheme.name === 'kzg') expect(scheme.k).toBeLessThanOrEqual(12);
  });
});
