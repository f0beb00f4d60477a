import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Keystore } from 'ox';
import { type Address, getAddress, toHex } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../contracts/compile.ts';
import { type Anvil, anvilAccount, startAnvil } from '../../contracts/testing/anvil.ts';
import { branchingModel } from '../../tests/support/branching-model.ts';
import { tessera } from '../../tests/support/command-line.ts';
import { dataDirectoryWithProvers } from '../../tests/support/data-directory.ts';
import { image } from '../../tests/support/proving.ts';
import { Chain } from '../chain/chain-client.ts';
import { chainDirectory } from '../chain/chain-directory.ts';
import { loadPostedJobRecord } from '../chain/job-record.ts';
import { Market } from '../chain/market.ts';
import { encodeModel } from '../model/onnx/encode.ts';
import { dataDirectory } from '../setup/index.ts';
import { loadOrCreateIdentity, nodeFiles } from '../store/index.ts';

/** The chain's accounts by what they do here. */
const [deployer, requester, worker, watcher] = [0, 1, 2, 3];
const ether = 10n ** 18n;

let folder: string;
let anvil: Anvil;
let env: NodeJS.ProcessEnv;
let certificate: string;
/** What the first three verbs said. */
let deployed: Said;
let proven: Said;
let job: string;

interface Said {
  status: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: each test says what it expects of it.
  value: any;
}

async function json(args: readonly string[]): Promise<Said> {
  const { status, stdout } = await tessera([...args, '--json'], env);
  return { status, value: JSON.parse(stdout) };
}

const fileOf = (account: number) => join(folder, `account-${account}.json`);

/** A verb on the test's chain, sent by one of its accounts. */
const onChain = (account: number, ...args: string[]) =>
  json([
    ...args,
    ...['--rpc', anvil.url, '--chain-id', '31337'],
    ...['--keystore', fileOf(account), '--password-file', join(folder, 'password')],
  ]);

async function writeKeystore(account: number): Promise<void> {
  const secret = anvilAccount(account).getHdKey().privateKey ?? new Uint8Array();
  const [key, options] = await Keystore.scryptAsync({ password: 'a password', n: 1024 });
  await writeFile(fileOf(account), JSON.stringify(Keystore.encrypt(toHex(secret), key, options)));
}

/** Posts the test's job once more, by its requester. */
const prove = (...flags: string[]) => {
  const [model, input] = [join(folder, 'model.onnx'), join(folder, 'image.json')];
  const task = ['prove', model, '--input', input, '--by', 'cuts=trunk,joined', '--out', certificate];
  return onChain(requester ?? 1, ...task, '--prover', 'groth16', '--chain', '--optimistic', ...flags);
};

const sent = (account: number) =>
  anvil.client(0).getTransactionCount({ address: anvilAccount(account).address });

// One job for all tests: posted for hashes of proofs, by one account; the tests claim, challenge and settle it.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tessera-chain-verbs-'));
  const home = join(folder, 'home');
  await dataDirectoryWithProvers(home);
  env = { TESSERA_HOME: home, TESSERA_WITHOUT_EZKL: '1' };
  anvil = await startAnvil();
  await writeFile(join(folder, 'password'), 'a password\n');
  for (const account of [deployer, requester, worker, watcher]) await writeKeystore(account ?? 0);
  await writeFile(join(folder, 'model.onnx'), await encodeModel(branchingModel()));
  await writeFile(join(folder, 'image.json'), JSON.stringify({ image: image(36) }));
  certificate = join(folder, 'job.cert');

  deployed = await onChain(deployer ?? 0, 'chain', 'deploy');
  proven = await prove();
  job = proven.value.id;
});

afterAll(async () => {
  anvil?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('verbs of a chain, from the contracts’ deployment to a payment', () => {
  it('chain deploy says where the contracts stand, and chain status finds them', async () => {
    expect(deployed).toMatchObject({ status: 0, value: { chainId: 31_337 } });
    const { status, value } = await onChain(requester ?? 1, 'chain', 'status');
    expect([status, value.market.market.toLowerCase()]).toEqual([0, deployed.value.contracts.Market.address]);
    expect(value.account).toBe(anvilAccount(requester ?? 1).address);
    expect(BigInt(value.prices.gas)).toBeGreaterThan(0n);
  });

  it('prove --chain posts the job and leaves the claims to others', async () => {
    expect(proven.status).toBe(0);
    expect(proven.value).toMatchObject({ certificate, verified: false });
    expect(proven.value.segments).toHaveLength(3);
    expect(proven.value).toMatchObject({
      trust: 'development',
      seconds: expect.any(Number),
      outputs: [
        { name: 'scores', proven: Array(3).fill(expect.any(Number)), maxDifference: expect.any(Number) },
      ],
      warnings: [],
    });
    expect(proven.value.costs).toMatchObject([{ action: 'Posting the job', dataFee: '0' }]);
  });

  it('register finds the model that prove --chain registered, and sends nothing', async () => {
    const before = await sent(requester ?? 1);
    const { status, value } = await onChain(requester ?? 1, 'register', certificate);
    expect([status, value.known, value.transactions]).toEqual([0, true, []]);
    expect(value.model).toBe(proven.value.registration.model);
    expect(await sent(requester ?? 1)).toBe(before);
  });

  it('jobs lists it, and how its segments stand', async () => {
    const { status, value } = await onChain(watcher ?? 3, 'jobs');
    expect(status).toBe(0);
    expect(value.jobs).toMatchObject([
      { id: job, segments: 3, verified: 0, closed: false, optimistic: true },
    ]);
    const one = await onChain(watcher ?? 3, 'jobs', job);
    expect(one.value.segments.map(({ state }: { state: string }) => state)).toEqual(Array(3).fill('open'));
    const unknown = await onChain(watcher ?? 3, 'jobs', '1'.repeat(64));
    expect([unknown.status, unknown.value.error.code]).toEqual([2, 'USAGE']);
  });

  it('claim without stake is refused with what to do, and nothing is sent', async () => {
    const { status, value } = await onChain(worker ?? 2, 'claim', job, '--segment', '0');
    expect(status).toBe(1);
    expect(value.error).toMatchObject({
      code: 'CHAIN_REFUSED',
      remedy: expect.stringContaining('--stake'),
      details: { error: 'StakeInsufficient' },
    });
    expect(await sent(worker ?? 2)).toBe(0);
  });

  it('claim stakes, proves and submits; once more, it does nothing', async () => {
    const { status, value } = await onChain(worker ?? 2, 'claim', job, '--stake', '1');
    expect(status).toBe(0);
    const states = value.segments.map(({ state }: { state: string }) => state);
    expect(states).toEqual(Array(3).fill('submitted'));
    const before = await sent(worker ?? 2);
    expect(await onChain(worker ?? 2, 'claim', job)).toMatchObject({ status: 0 });
    expect(await sent(worker ?? 2)).toBe(before);
  });

  it('challenge finds that the submissions hold, and challenges none', async () => {
    const { status, value } = await onChain(watcher ?? 3, 'challenge', job);
    expect(status).toBe(0);
    expect(value.segments.map(({ verdict }: { verdict: string }) => verdict)).toEqual(Array(3).fill('holds'));
    expect(await sent(watcher ?? 3)).toBe(0);
  });

  it('claim settles after the window, earnings adds up, withdraw pays once', async () => {
    await anvil.client(0).increaseTime({ seconds: 3601 });
    await anvil.client(0).mine({ blocks: 1 });
    const settled = await onChain(worker ?? 2, 'claim', job);
    expect(settled.value.segments.map(({ state }: { state: string }) => state)).toEqual(
      Array(3).fill('settled'),
    );
    const coin = `0x${'0'.repeat(40)}`;
    const owed = (3n * ether) / 100n;
    const earned = await onChain(worker ?? 2, 'earnings');
    expect(earned.value).toMatchObject({
      segments: { verified: 0, settled: 3, failed: 0 },
      owed: { [coin]: `${owed}` },
      stake: { amount: `${ether}`, locked: '0' },
    });
    expect((await onChain(worker ?? 2, 'withdraw')).value).toMatchObject({ amount: `${owed}` });
    const again = await onChain(worker ?? 2, 'withdraw');
    expect([again.status, again.value.error.details.error]).toEqual([1, 'NothingOwed']);
  });

  it('verify --chain does not take settlements for proofs', async () => {
    const { status, value } = await onChain(
      watcher ?? 3,
      'verify',
      certificate,
      '--allow-development',
      '--chain',
    );
    expect(value).toMatchObject({ valid: true, chain: { verified: false } });
    expect(status).toBe(1);
  });
});

describe('a job that pays in a token', () => {
  let token: Address;
  let feeToken: Address;
  let id: string;

  beforeAll(async () => {
    const { contracts } = compile(['test/Tokens:PlainToken', 'test/Tokens:FeeToken']);
    const deployToken = async (name: keyof typeof contracts) => {
      const { address } = await anvil.deploy(contracts[name]);
      const client = anvil.client(deployer ?? 0);
      const to = anvilAccount(requester ?? 1).address;
      const call = { address, abi: contracts[name].abi, functionName: 'mint', args: [to, 100n * ether] };
      await client.waitForTransactionReceipt({ hash: await client.writeContract(call) });
      return getAddress(address);
    };
    token = await deployToken('test/Tokens:PlainToken');
    feeToken = await deployToken('test/Tokens:FeeToken');
  });

  it('is posted with just the allowance that it takes, and its cost told', async () => {
    const { status, value } = await prove('--token', token, '--reward', '2.5');
    expect(status).toBe(0);
    expect(value.costs.map(({ action }: { action: string }) => action)).toEqual([
      `Allowing the market 7.5 PLN of token ${token.toLowerCase()}`,
      'Posting the job',
    ]);
    id = value.id;
  });

  it('is listed in its token, with what the token calls itself', async () => {
    const { value } = await onChain(watcher ?? 3, 'jobs', '--token', token);
    const escrow = `${(15n * ether) / 2n}`;
    expect(value.jobs).toMatchObject([{ id, escrow, currency: { symbol: 'PLN', decimals: 18 } }]);
    const { value: others } = await onChain(watcher ?? 3, 'jobs', '--token', feeToken);
    expect(others.jobs).toEqual([]);
  });

  it('is given up by who has claimed it, for a quarter of the bond, and by nobody else', async () => {
    const directory = dataDirectory(env.TESSERA_HOME ?? '').chain;
    const { job: posted } =
      (await loadPostedJobRecord(chainDirectory(directory, 31_337).job(id))) ?? expect.fail();
    const chain = await Chain.connect({ urls: [anvil.url], account: anvilAccount(worker ?? 2) });
    const { contracts } = deployed.value;
    const market = new Market(chain, {
      market: contracts.Market.address,
      models: contracts.ModelRegistry.address,
      nodes: contracts.NodeRegistry.address,
    });
    for (const segment of [1, 2]) await market.claim(posted, segment);
    const before = await market.stake(chain.address);

    expect((await onChain(watcher ?? 3, 'claim', id, '--abandon')).value.abandoned).toEqual([]);
    expect((await onChain(worker ?? 2, 'claim', id, '--abandon', '--segment', '2')).value.abandoned).toEqual([
      2,
    ]);
    expect((await onChain(worker ?? 2, 'claim', id, '--abandon')).value).toEqual({ job: id, abandoned: [1] });
    const left = await market.stake(chain.address);
    const bonds = posted.offers.slice(1).reduce((sum, { bond }) => sum + bond, 0n);
    expect([before.locked, left.locked, before.amount - left.amount]).toEqual([bonds, 0n, bonds / 4n]);
    const { value } = await onChain(watcher ?? 3, 'jobs', id);
    expect(value.segments.map(({ state }: { state: string }) => state)).toEqual(Array(3).fill('open'));
  });

  it('is claimed by whoever says that the token is good for pay, and by nobody else', async () => {
    const before = await sent(worker ?? 2);
    const refused = await onChain(worker ?? 2, 'claim', id);
    expect(refused).toMatchObject({
      status: 1,
      value: {
        error: { code: 'CLAIM_REFUSED', remedy: expect.stringContaining(`--token ${token.toLowerCase()}`) },
      },
    });
    expect(await sent(worker ?? 2)).toBe(before);
    const { status, value } = await onChain(worker ?? 2, 'claim', id, '--token', token, '--segment', '0');
    expect([status, value.segments[0].state]).toEqual([0, 'submitted']);
  });

  it('is paid in it', async () => {
    await anvil.client(0).increaseTime({ seconds: 3601 });
    await anvil.client(0).mine({ blocks: 1 });
    await onChain(worker ?? 2, 'claim', id, '--token', token, '--segment', '0');
    const earned = await onChain(worker ?? 2, 'earnings', '--token', token);
    expect(earned.value).toMatchObject({
      owed: { [token]: `${(5n * ether) / 2n}` },
      currencies: [{ token, symbol: 'PLN', decimals: 18 }],
    });
    const flags = ['--keystore', fileOf(worker ?? 2), '--password-file', join(folder, 'password')];
    const withdrawn = await tessera(['withdraw', '--token', token, '--rpc', anvil.url, ...flags], env);
    expect(withdrawn.stdout).toContain(`2.5 PLN of token ${token.toLowerCase()} went to`);
  });

  it('is closed by its requester, who gets back what nobody claimed; and once', async () => {
    const stranger = await onChain(worker ?? 2, 'jobs', id, '--close');
    expect([stranger.status, stranger.value.error.details.error]).toEqual([1, 'NotRequester']);
    const refund = `${5n * ether}`;
    const closed = await onChain(requester ?? 1, 'jobs', id, '--close');
    expect(closed).toMatchObject({
      status: 0,
      value: {
        job: id,
        known: false,
        refund,
        owed: refund,
        ended: [],
        standing: [],
        currency: { symbol: 'PLN' },
      },
    });
    const again = await onChain(requester ?? 1, 'jobs', id, '--close');
    expect(again).toMatchObject({ status: 0, value: { known: true, refund: '0', owed: refund } });
    const withdrawn = await onChain(requester ?? 1, 'withdraw', '--token', token);
    expect(withdrawn.value).toMatchObject({ amount: refund });
    const unknown = await onChain(requester ?? 1, 'jobs', '1'.repeat(64), '--close');
    expect([unknown.status, unknown.value.error.code]).toEqual([2, 'USAGE']);
  });

  it('is not posted, and nothing is sent, in a token that takes a fee', async () => {
    const before = await sent(requester ?? 1);
    expect(await prove('--token', feeToken, '--reward', '1')).toMatchObject({
      status: 1,
      value: { error: { code: 'CHAIN_REFUSED', message: expect.stringContaining('it takes a fee') } },
    });
    expect(await sent(requester ?? 1)).toBe(before);
  });

  it('is not even proven without a reward that the token can pay', async () => {
    const wrong = [
      ['--token', token],
      ['--token', token, '--reward', `0.${'0'.repeat(18)}1`],
      ['--token', `0x${'9'.repeat(40)}`, '--reward', '1'],
    ];
    for (const said of await Promise.all(wrong.map((flags) => prove(...flags)))) {
      expect(said).toMatchObject({ status: 2, value: { error: { code: 'USAGE' } } });
    }
  });
});

describe('this node on the chain', () => {
  it('is registered with its peer id and what it proves, once, until it says something else', async () => {
    const { identity } = nodeFiles(dataDirectory(env.TESSERA_HOME ?? '').node);
    const { peerId } = await loadOrCreateIdentity(identity);
    const account = anvilAccount(worker ?? 2).address;
    const first = await onChain(worker ?? 2, 'register');
    expect(first).toMatchObject({ status: 0, value: { peerId, account, known: false } });
    expect(await onChain(worker ?? 2, 'register')).toMatchObject({ status: 0, value: { known: true } });
    const configuration = join(folder, 'node.json');
    await writeFile(configuration, JSON.stringify({ workerProofs: 3 }));
    const changed = await onChain(worker ?? 2, 'register', '--config', configuration);
    expect(changed.value).toMatchObject({ known: false, capabilities: { places: 3 } });
    const { value } = await onChain(watcher ?? 3, 'chain', 'nodes');
    expect(value).toMatchObject({
      nodes: [
        {
          account,
          peerId,
          capabilities: { places: 3, memory: 2_048, speeds: { groth16: expect.any(Number) } },
        },
      ],
      untied: 0,
      unread: 0,
    });
    expect(await onChain(worker ?? 2, 'register', '--remove')).toMatchObject({ value: { removed: true } });
    expect((await onChain(watcher ?? 3, 'chain', 'nodes')).value.nodes).toEqual([]);
  });
});

describe('a configuration file', () => {
  it('has the chain and the account for every verb; a flag goes before it', async () => {
    const file = join(folder, 'chain.json');
    const [keystore, passwordFile] = [fileOf(1), join(folder, 'password')];
    const settings = { rpc: [anvil.url], chainId: 31_337, keystore, passwordFile };
    await writeFile(file, JSON.stringify(settings));
    const status = (...flags: string[]) => json(['chain', 'status', '--config', file, ...flags]);
    const address = (account: number) => anvilAccount(account).address;
    expect(await status()).toMatchObject({ status: 0, value: { embedded: false, account: address(1) } });
    // One flag of the account sets aside the other two settings.
    expect(await status('--account', '5')).toMatchObject({ status: 0, value: { account: address(5) } });
    const other = await status('--chain-id', '1');
    expect([other.status, other.value.error.code]).toEqual([1, 'CHAIN_FAILED']);
    expect((await json(['jobs', '--config', file])).value.jobs[0]).toMatchObject({ id: job });
    await writeFile(file, JSON.stringify({ ...settings, rpc: 'anything' }));
    expect((await status()).value.error.code).toBe('CONFIGURATION_INVALID');
  });
});

describe('what is wrong is said before anything is sent', () => {
  it('another chain than expected, and flags that contradict each other', async () => {
    const wrong = await json(['chain', 'status', '--rpc', anvil.url, '--chain-id', '1']);
    expect([wrong.status, wrong.value.error.code]).toEqual([1, 'CHAIN_FAILED']);
    expect(wrong.value.error.message).toContain('is of chain 31337, not 1');
    for (const flags of [
      ['--rpc', anvil.url, '--account', '2', '--keystore', fileOf(2)],
      ['--rpc', anvil.url, '--keystore', fileOf(1)],
      ['--keystore', fileOf(1), '--password-file', join(folder, 'password')],
    ]) {
      const { status, value } = await json(['chain', 'status', ...flags]);
      expect([status, value.error.code]).toEqual([2, 'USAGE']);
    }
  });

  it('a keystore that the password does not open, and a job that nobody posted', async () => {
    await writeFile(join(folder, 'other'), 'another password');
    const locked = ['--rpc', anvil.url, '--keystore', fileOf(1), '--password-file', join(folder, 'other')];
    const { status, value } = await json(['withdraw', ...locked]);
    expect([status, value.error.code]).toEqual([1, 'KEYSTORE_INVALID']);
    const unknown = await onChain(worker ?? 2, 'claim', `0x${'1'.repeat(64)}`);
    expect([unknown.status, unknown.value.error.code]).toEqual([1, 'ARTIFACT_MISSING']);
  });
});

it('without --rpc the verbs share one chain, and say when contracts of another one are named', async () => {
  const verbs = [['chain', 'status'], ['jobs']];
  const [status, jobs] = await Promise.all(verbs.map(json));
  expect(status).toMatchObject({ status: 0, value: { embedded: true, network: { chainId: 31_337 } } });
  expect(jobs).toMatchObject({
    status: 1,
    value: { error: { code: 'CHAIN_MISSING', remedy: expect.stringContaining('tessera chain deploy') } },
  });
});
