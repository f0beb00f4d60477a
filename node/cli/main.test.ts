import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { run, tessera } from '../../tests/support/command-line.ts';
import { ArtifactCache } from '../artifacts/cache.ts';
import { openCalibrationStore } from '../plan/calibration-store.ts';
import { exitStatus } from './exit-status.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tessera-cli-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const verbs = [
  'setup',
  'doctor',
  'slice',
  'run',
  'prove',
  'verify',
  'audit',
  'audit',
  'cache ls',
  'cache prune',
  'ceremony init',
  'ceremony contribute',
  'ceremony verify',
  'ceremony finalize',
  'demo',
  'uninstall',
];

test.each(verbs)('%s --help shows examples and ends with 0', async (verb) => {
  const { status, stdout } = await tessera([...verb.split(' '), '--help']);
  expect(status).toBe(0);
  expect(stdout).toContain(`Usage: tessera ${verb}`);
  expect(stdout).toContain('--json');
  expect(stdout).toMatch(/Examples:\n {2}\S/);
});

test('--help lists every verb and the exit statuses', async () => {
  const { status, stdout } = await tessera(['--help']);
  expect(status).toBe(0);
  for (const verb of verbs) expect(stdout).toMatch(new RegExp(`^ {2}${verb.split(' ')[0]} `, 'm'));
  for (const code of Object.values(exitStatus)) expect(stdout).toMatch(new RegExp(`\\b${code} \\w+`));
});

test('help VERB is VERB --help', async () => {
  const { status, stdout } = await tessera(['help', 'cache', 'prune']);
  expect([status, stdout.split('\n', 1)[0]]).toEqual([0, 'Usage: tessera cache prune [options]']);
});

test('a verb ends with its work, whatever else the process waits for, and all it said is there', async () => {
  const waiting = `data:text/javascript,${encodeURIComponent('setInterval(() => {}, 1e9)')}`;
  const program = fileURLToPath(new URL('index.ts', import.meta.url));
  const { status, stdout } = await run(process.execPath, ['--import', waiting, program, '--help']);
  expect(status).toBe(0);
  expect(stdout).toBe((await tessera(['--help'])).stdout);
});

test('a reader that is gone changes nothing of how a verb ends', async () => {
  const program = fileURLToPath(new URL('index.ts', import.meta.url));
  const verb = `"${process.execPath}" "${program}" --help 2>"${home}/said"; echo $? >"${home}/status"`;
  // The reader has gone when its own output ends; only then is anything written.
  await run('sh', ['-c', `{ sleep 1; ${verb}; } | true`]);
  expect(await readFile(join(home, 'said'), 'utf8')).toBe('');
  expect(await readFile(join(home, 'status'), 'utf8')).toBe('0\n');
});

test.each([
  ['tessera --help', ['prvoe']],
  ['tessera verify --help', ['verify', '--bogus']],
  ['tessera artifacts get --help', ['artifacts', 'get']],
  ['tessera chain --help', ['chain']],
])('wrong usage is answered with what helps: %s', async (help, args) => {
  expect((await tessera(args)).stderr).toMatch(new RegExp(`^What to do: See: ${help}$`, 'm'));
});

test('sizes in the help have a unit', async () => {
  expect((await tessera(['artifacts', 'get', '--help'])).stdout).toContain('(default: 16GiB)');
});

describe('wrong usage ends with 2', () => {
  test.each([
    ['no verb', []],
    ['an unknown verb', ['prvoe']],
    ['an unknown flag', ['doctor', '--bogus']],
    ['an argument too many', ['doctor', 'twice']],
    ['a missing argument', ['verify']],
    ['no number for a digit', ['demo', '--digit', 'x']],
    ['a size without unit', ['cache', 'prune', '--to', '5']],
    [
      'a digest too short',
      ['prove', 'x', '--input', 'y', '--out', 'z', '--srs', 's', '--srs-digest', 'abcd'],
    ],
    [
      'peers to invite without a network',
      [
        ...['prove', 'x', '--input', 'y', '--out', 'z'],
        ...['--invite', '12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB'],
      ],
    ],
    [
      'peers to invite to a job on a chain',
      [
        ...['prove', 'x', '--input', 'y', '--out', 'z', '--network', '--chain'],
        ...['--invite', '12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB'],
      ],
    ],
    [
      'a stranger to peer ids',
      ['prove', 'x', '--input', 'y', '--out', 'z', '--network', '--invite', 'somebody'],
    ],
    ['a chain to ask, without being told to', ['verify', 'x', '--rpc', 'http://127.0.0.1:1']],
    ['a bond without a chain', ['prove', 'x', '--input', 'y', '--out', 'z', '--bond', '1', '--optimistic']],
    [
      'peers to join by without a network',
      ['prove', 'x', '--input', 'y', '--out', 'z', '--bootstrap', '/ip4/127.0.0.1/tcp/1'],
    ],
    [
      'a flag that the prover does not follow',
      ['prove', 'x', '--input', 'y', '--out', 'z', '--prover', 'groth16', '--scale', '8'],
    ],
    [
      'a prover that the setup policy leaves out',
      ['prove', 'x', '--input', 'y', '--out', 'z', '--prover', 'groth16', '--setup', 'universal'],
    ],
  ])('%s', async (_, args) => {
    const { status, stdout, stderr } = await tessera(args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^USAGE: .+\nWhat to do: .+\n$/);
  });
});

test('an error under --json is the one JSON value on standard output, and words on standard error', async () => {
  const { status, stdout, stderr } = await tessera(['verify', join(home, 'absent'), '--json']);
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'STORAGE_FAILED', remedy: expect.any(String) } });
  expect(stderr).toContain('STORAGE_FAILED');
});

test.each([
  ['other bytes', 'junk'],
  ['nothing', ''],
])('a file of %s is refused as a damaged certificate, and named', async (_, content) => {
  const file = join(home, 'junk');
  await writeFile(file, content);
  const { status, stdout } = await tessera(['verify', file, '--json']);
  expect(status).toBe(1);
  expect(JSON.parse(stdout).error).toMatchObject({
    code: 'CERTIFICATE_DAMAGED',
    message: expect.stringContaining(file),
  });
});

test.each([
  ['a certificate', 'verify', []],
  ['a certificate of a contract', 'chain', ['deploy', '--for']],
  ['an artifact', 'artifacts', ['add']],
  ['a configuration', 'jobs', ['--config']],
])('%s that is missing, and one that is a directory, are told apart', async (_, verb, args) => {
  const env = { TESSERA_HOME: join(home, 'given') };
  const absent = join(home, 'absent');
  for (const [path, why] of [
    [absent, 'does not exist'],
    [home, 'is a directory'],
  ] as const) {
    const { status, stderr } = await tessera([verb, ...args, path], env);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^STORAGE_FAILED: .+\nWhat to do: .+\n$/);
    expect(stderr).toContain(`${path} ${why}`);
  }
});

test('doctor says what is missing in an empty data directory, and changes nothing', async () => {
  const empty = join(home, 'empty');
  const { status, stdout } = await tessera(['doctor', '--json'], {
    TESSERA_HOME: empty,
    TESSERA_WITHOUT_EZKL: undefined,
  });
  const diagnosis = JSON.parse(stdout);
  expect(status).toBe(1);
  expect(diagnosis).toMatchObject({ complete: false, dataDirectory: empty });
  expect(diagnosis.parts).toContainEqual(
    expect.objectContaining({ name: 'ezkl', state: 'missing', remedy: 'Run: tessera setup' }),
  );
  expect(await readdir(home)).not.toContain('empty');
});

test('what the environment leaves out is not missed', async () => {
  const statesWith = async (env: NodeJS.ProcessEnv) => {
    const { status, stdout } = await tessera(['doctor', '--json'], {
      TESSERA_HOME: join(home, 'without'),
      TESSERA_WITHOUT_EZKL: undefined,
      TESSERA_WITHOUT_GROTH16: undefined,
      ...env,
    });
    const { parts } = JSON.parse(stdout) as { parts: { name: string; state: string }[] };
    return { status, states: Object.fromEntries(parts.map(({ name, state }) => [name, state])) };
  };
  expect(await statesWith({ TESSERA_WITHOUT_EZKL: '1' })).toEqual({
    status: 1,
    states: { groth16: 'missing', ezkl: 'left out', 'ezkl-engine': 'left out' },
  });
  expect(await statesWith({ TESSERA_WITHOUT_EZKL: '1', TESSERA_WITHOUT_GROTH16: '1' })).toEqual({
    status: 0,
    states: { groth16: 'left out', ezkl: 'left out', 'ezkl-engine': 'left out' },
  });
});

test('colours are off where NO_COLOR is set, and on where they are forced', async () => {
  const controlCharacter = String.fromCharCode(27);
  const [plain, forced] = await Promise.all([
    tessera(['doctor'], { NO_COLOR: '1', FORCE_COLOR: undefined }),
    tessera(['doctor'], { NO_COLOR: undefined, FORCE_COLOR: '1' }),
  ]);
  expect(plain.stdout).not.toContain(controlCharacter);
  expect(forced.stdout).toContain(controlCharacter);
});

test('uninstall asks for --yes, removes its own entries only, and does not follow links', async () => {
  const data = join(home, 'data');
  const outside = join(home, 'outside');
  await mkdir(join(data, 'python'), { recursive: true });
  await mkdir(outside);
  await writeFile(join(outside, 'kept'), '');
  await symlink(outside, join(data, 'cache'));
  await writeFile(join(data, 'notes.txt'), '');

  expect((await tessera(['uninstall', '--json'], { TESSERA_HOME: data })).status).toBe(2);
  expect((await readdir(data)).sort()).toEqual(['cache', 'notes.txt', 'python']);

  const { status, stdout } = await tessera(['uninstall', '--yes', '--json'], { TESSERA_HOME: data });
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ removed: [join(data, 'python'), join(data, 'cache')] });
  expect(await readdir(data)).toEqual(['notes.txt']);
  expect(await readdir(outside)).toEqual(['kept']);
});

test('an empty cache lists as empty', async () => {
  const { stdout } = await tessera(['cache', 'ls', '--json'], { TESSERA_HOME: join(home, 'no-cache') });
  expect(JSON.parse(stdout)).toEqual({ entries: [], bytes: 0, calibrations: [] });
});

describe('cache prune', () => {
  let data: string;
  const prune = async (...flags: string[]) => tessera(['cache', 'prune', ...flags], { TESSERA_HOME: data });
  const kinds = async () => {
    const { stdout } = await tessera(['cache', 'ls', '--json'], { TESSERA_HOME: data });
    const { entries, calibrations } = JSON.parse(stdout);
    return [...entries.map(({ kind }: { kind: string }) => kind).sort(), `${calibrations.length} ranges`];
  };
  beforeEach(async () => {
    data = await mkdtemp(join(home, 'pruned-'));
    const cache = new ArtifactCache({ directory: join(data, 'cache'), maxBytes: 1e9 });
    for (const kind of ['groth16-keys', 'ezkl-keys']) {
      const entry = await cache.open(kind, {}, (path) => writeFile(join(path, 'key'), 'key'));
      await entry.release();
    }
    const store = openCalibrationStore(join(data, 'calibrations'));
    const of = { model: '11'.repeat(32), rewrites: [] };
    await store.settle(of, { ranges: new Map([['x', { min: 0, max: 1 }]]), inputBits: 7 });
  });

  test('keeps keys of Groth16, which made again are others, and says so', async () => {
    const { status, stdout } = await prune();
    expect(status).toBe(0);
    expect(stdout).toMatch(/1 entries removed.*\n1 keys of Groth16 stay.*another id.*--keys/);
    expect(await kinds()).toEqual(['groth16-keys', '1 ranges']);
    const again = JSON.parse((await prune('--json')).stdout);
    expect(again).toMatchObject({ removed: [], kept: [{ kind: 'groth16-keys' }], calibrations: [] });
  });

  test('removes them where that is asked for', async () => {
    expect(JSON.parse((await prune('--keys', '--json')).stdout)).toMatchObject({ kept: [] });
    expect(await kinds()).toEqual(['1 ranges']);
  });

  test('forgets kept ranges alone where nothing else is asked for', async () => {
    expect((await prune('--calibrations')).stdout).toBe(
      'ranges that inputs of 1 model have shown: forgotten\n',
    );
    expect(await kinds()).toEqual(['ezkl-keys', 'groth16-keys', '0 ranges']);
    expect((await prune('--calibrations')).stdout).toBe('no ranges were kept\n');
  });
});
