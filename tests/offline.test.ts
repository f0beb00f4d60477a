import { mkdtemp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { branchingModel } from './support/branching-model.ts';
import { run } from './support/command-line.ts';
import { describeUnless } from './support/describe-unless.ts';
import { missingEzkl } from './support/ezkl-python.ts';
import { missingForNetworks, ownNetwork } from './support/namespaces.ts';
import { image, Proving } from './support/proving.ts';

const program = fileURLToPath(new URL('../node/cli/index.ts', import.meta.url));

describeUnless(
  missingForNetworks ?? missingEzkl,
  'verify, on a machine without any network and without ezkl’s Python',
  () => {
    let proving: Proving;
    let env: NodeJS.ProcessEnv;
    const certificate = () => proving.path('job.cert');

    beforeAll(async () => {
      proving = await Proving.open();
      const model = await proving.writeModel('model.onnx', branchingModel());
      const input = await proving.writeInputs('image.json', { image: image(36) });
      await proving.certify({ model, input, strategy: 'parts=2', out: certificate() });
      env = { ...process.env, TESSERA_HOME: await mkdtemp(proving.path('home-')) };
    });
    afterAll(() => proving.close());

    const [command, ...isolating] = ownNetwork;
    const alone = (...args: string[]) => run(command, [...isolating, process.execPath, ...args], { env });

    it('has nothing to connect through', async () => {
      const { stdout } = await alone('--print', 'Object.keys(os.networkInterfaces()).length');
      expect(stdout.trim()).toBe('0');
    });

    it('accepts a certificate with every engine', async () => {
      const ended = await alone(program, 'verify', certificate(), '--allow-development', '--json');
      const report = JSON.parse(ended.stdout);
      expect(report).toMatchObject({ valid: true, problems: [] });
      for (const { opinions } of report.segments) {
        expect(opinions.map(({ verdict }: { verdict: string }) => verdict)).toEqual(['valid', 'valid']);
      }
      expect(ended.status).toBe(0);
    });
  },
);
