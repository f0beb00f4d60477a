import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../package.ts';
import { type ConfigurationSources, readConfiguration, type Setting, settings } from './index.ts';

const read = (sources: Partial<ConfigurationSources>) =>
  readConfiguration({ env: {}, flags: {}, ...sources });
const file = (content: unknown) => ({ path: 'config.json', text: JSON.stringify(content) });

describe('a configuration', () => {
  it('is made of defaults where nobody says otherwise', () => {
    const defaults = settings.filter((setting) => setting.default !== undefined);
    expect(read({})).toEqual(Object.fromEntries(defaults.map((setting) => [setting.name, setting.default])));
  });

  it('takes a flag before a variable, that before the file', () => {
    const sources = {
      file: file({ apiPort: 1, mdns: false, relay: true }),
      env: { TESSERA_API_PORT: '2', TESSERA_MDNS: 'true' },
    };
    expect(read(sources)).toMatchObject({ apiPort: 2, mdns: true, relay: true });
    expect(read({ ...sources, flags: { apiPort: '3', mdns: false } })).toMatchObject({
      apiPort: 3,
      mdns: false,
    });
  });

  it('takes lists from variables and flags', () => {
    const [one, two] = ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2/ws'] as const;
    expect(read({ env: { TESSERA_LISTEN: `${one}, ${two}` } }).listen).toEqual([one, two]);
    expect(read({ flags: { listen: [one, two] } }).listen).toEqual([one, two]);
  });

  it.each<[string, Partial<ConfigurationSources>, RegExp]>([
    ['an unknown setting', { file: file({ port: 1 }) }, /^config\.json: port: no setting/],
    ['a file that is not JSON', { file: { path: 'config.json', text: '{' } }, /^config\.json is not JSON/],
    ['a file that is a list', { file: file([]) }, /^config\.json is not a JSON object/],
    [
      'a port out of range',
      { flags: { apiPort: '65536' } },
      /^--api-port: 65536 is not a whole number from 0 to 65535$/,
    ],
    [
      'a port that is no number',
      { env: { TESSERA_API_PORT: '0x10' } },
      /^TESSERA_API_PORT: 0x10 is not a whole number/,
    ],
    [
      'a number that is too small',
      { flags: { workerMemory: '-1' } },
      /^--worker-memory: -1 is not a .* from 1 to 65536$/,
    ],
    [
      'a number in quotes',
      { file: file({ workerPrice: '7' }) },
      /: workerPrice: "7" is not a whole number from 0 on$/,
    ],
    [
      'a switch that is neither on nor off',
      { env: { TESSERA_MDNS: 'yes' } },
      /^TESSERA_MDNS: yes is not true or false$/,
    ],
    [
      'an address that is none',
      { flags: { listen: ['localhost:4801'] } },
      /^--listen, item 1: is not a multiaddr/,
    ],
    [
      'a bootstrap node without a name',
      { flags: { bootstrap: ['/ip4/192.0.2.1/tcp/1'] } },
      /item 1: does not end in \/p2p/,
    ],
    [
      'a requester that is no peer',
      { flags: { requesters: ['12D3KooW'] } },
      /^--requesters, item 1: is not the peer id/,
    ],
    ['an endpoint that is none', { flags: { rpc: ['localhost'] } }, /^--rpc, item 1: is not an HTTP address/],
    ['a stake in words', { env: { TESSERA_STAKE: 'much' } }, /^TESSERA_STAKE: is not an amount/],
    ['a job that is none', { file: file({ watch: ['0x12'] }) }, /^config\.json: watch, item 1: is neither/],
    ['Waku without a service node', { flags: { transport: 'both' } }, /^wakuPeers: is empty/],
    [
      'a level that is none',
      { env: { TESSERA_LOG_LEVEL: 'loud' } },
      /^TESSERA_LOG_LEVEL: loud is not one of fatal, /,
    ],
  ])('refuses %s, and names it', (_, sources, message) => {
    expect(() => read(sources)).toThrow(
      expect.objectContaining({ code: 'CONFIGURATION_INVALID', message: expect.stringMatching(message) }),
    );
  });
});

describe('docs/configuration.md', () => {
  it('has a row for each setting, as the schema has it', () => {
    const text = readFileSync(join(packageRoot, 'docs', 'configuration.md'), 'utf8');
    const rows = text.split('\n').map((line) => line.split(/ *\| */).slice(1, -1));
    expect(rows.filter(([name]) => settings.some((setting) => name === `\`${setting.name}\``))).toEqual(
      settings.map(rowOf),
    );
  });
});

function rowOf({ name, variable, flag, default: value, description, choices }: Setting): string[] {
  const code = (item: string) => `\`${item}\``;
  const values = value === undefined ? [] : [value].flat();
  const shown = values.map((item) => code(String(item))).join(', ') || 'none';
  const oneOf = choices === undefined ? '' : ` One of ${choices.map(code).join(', ')}.`;
  return [code(name), code(variable), code(flag), shown, `${description}${oneOf}`];
}
