import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { branchingModel } from '../../tests/support/branching-model.ts';
import { ChildProcesses, firstLine } from '../../tests/support/child-processes.ts';
import { tessera } from '../../tests/support/command-line.ts';
import { image } from '../../tests/support/proving.ts';
import { type ApiClient, connectApi } from '../api/index.ts';
import type { QueuedJob } from '../job-queue/index.ts';
import { encodeModel } from '../model/onnx/encode.ts';
import { builtWorker } from '../provers/groth16/testing/worker.ts';
import { nodeFiles } from '../store/index.ts';

let folder: string;
let model: string;
let input: string;
const children = new ChildProcesses();

const homeOf = (name: string) => join(folder, name);
const environmentOf = (name: string) => ({ TESSERA_HOME: homeOf(name), TESSERA_WITHOUT_EZKL: '1' });

beforeAll(async () => {
  folder = await children.directory('tessera-own-jobs-');
  const groth16 = dirname(await builtWorker());
  for (const name of ['worker', 'requester']) {
    await mkdir(homeOf(name));
    await symlink(groth16, join(homeOf(name), 'groth16'), 'junction');
  }
  model = join(folder, 'model.onnx');
  input = join(folder, 'input.json');
  await writeFile(model, await encodeModel(branchingModel()));
  await writeFile(input, JSON.stringify({ image: image(36) }));
});
afterAll(() => children.close());

async function start(name: string, ...args: string[]) {
  const flags = ['--listen', '/ip4/127.0.0.1/tcp/0', '--api-port', '0', '--no-mdns', '--log-level', 'warn'];
  const program = join(import.meta.dirname, 'index.ts');
  const child = spawn(process.execPath, [program, 'start', ...flags, ...args, '--json'], {
    env: { ...process.env, ...environmentOf(name) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  void children.add(child);
  return { child, ...(JSON.parse(await firstLine(child)) as { peerId: string; addresses: string[] }) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

const apiOf = (name: string): Promise<ApiClient> => connectApi(nodeFiles(join(homeOf(name), 'node')));

async function expectValid(certificate: string): Promise<void> {
  const verified = await tessera(
    ['verify', certificate, '--allow-development', '--json'],
    environmentOf('requester'),
  );
  expect(verified.status).toBe(0);
}

describe('jobs of a running node', () => {
  it('are taken from the command line, and taken up again by a node that was killed', async () => {
    let { child } = await start('requester', '--no-worker');
    const api = await apiOf('requester');
    const order = { request: { model, input, strategy: 'parts=3' } };
    const { id } = await api.post<QueuedJob>('/v1/jobs', order);
    // Nobody proves yet: it waits with its segments published.
    while ((await api.get<QueuedJob>(`/v1/jobs/${id}`)).stage?.stage !== 'prove') await sleep(50);
    const status = await tessera(['status', '--json'], environmentOf('requester'));
    expect(JSON.parse(status.stdout)).toMatchObject({
      jobs: [{ id, state: 'running', stage: { stage: 'prove' } }],
    });
    await end(child, 'SIGKILL');

    const worker = await start('worker');
    ({ child } = await start('requester', '--no-worker', '--bootstrap', ...worker.addresses));
    const again = await apiOf('requester');
    const { certificate } = await again.follow<unknown, { certificate: string }>(
      `/v1/jobs/${id}/events`,
      undefined,
    );
    await expectValid(certificate);

    // Beside the running node, on the same data directory.
    const out = join(folder, 'beside.cert');
    const args = ['prove', model, '--input', input, '--by', 'parts=3', '--out', out, '--network', '--json'];
    const { status: exit, stdout, stderr } = await tessera(args, environmentOf('requester'));
    expect(stderr).toContain(`accepted, worker ${worker.peerId}`);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout).outputs[0].proven.length).toBeGreaterThan(0);
    await expectValid(out);
    expect((await readFile(out)).length).toBeGreaterThan(0);

    // For a peer that does not take part it waits; the worker, which is not invited, gets nothing of it.
    const stranger = '12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB';
    const { id: waiting } = await again.post<QueuedJob>('/v1/jobs', { ...order, invite: [stranger] });
    const secret = join(folder, 'invited.cert');
    const invited = ['prove', model, '--input', input, '--by', 'parts=3', '--out', secret, '--network'];
    const privately = await tessera(
      [...invited, '--invite', worker.peerId, '--commit', 'input', '--prover', 'groth16', '--json'],
      environmentOf('requester'),
    );
    expect(privately.stderr).toContain(`accepted, worker ${worker.peerId}`);
    expect(privately.status).toBe(0);
    await expectValid(secret);
    expect((await again.get<QueuedJob>(`/v1/jobs/${waiting}`)).segments).toEqual([]);
    await again.delete(`/v1/jobs/${waiting}`);
    await end(child, 'SIGTERM');
  });
});
