import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TesseraError } from '../../protocol/errors.ts';
import type { Context } from './context.ts';
import { withLocalMarket } from './demo-market.ts';
import { withLocalNetwork } from './demo-network.ts';
import { readSettings } from './settings.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tessera-demo-fallback-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** A context that keeps what people are told. */
function contextOf(env: NodeJS.ProcessEnv = {}) {
  const notes: string[] = [];
  const context: Pick<Context, 'settings' | 'signal'> & { output: Pick<Context['output'], 'note'> } = {
    settings: readSettings({ ...process.env, TESSERA_HOME: home, ...env }),
    signal: AbortSignal.timeout(600_000),
    output: { note: (text) => notes.push(text) },
  };
  return { notes, context: context as Context };
}

/** What the embedded chain's start says on a machine that anvil has no build for. */
const noBuild = () =>
  Promise.reject(
    new TesseraError('CHAIN_MISSING', {
      message: 'The embedded chain, anvil, has no build for aix on ppc64',
    }),
  );

describe('the demonstration', () => {
  it('says that there is no chain where anvil has no build, and goes on without', async () => {
    const { context, notes } = contextOf();
    const given = await withLocalMarket(context, undefined, async (market) => ({ market }), noBuild);
    expect(given).toEqual({ market: undefined });
    expect(notes).toEqual([
      expect.stringMatching(
        /no build for aix[\s\S]*Without a chain, the nodes prove what this process assigns/,
      ),
    ]);
  });

  it('does not hide what else is wrong with the chain', async () => {
    const { context, notes } = contextOf();
    const damaged = new TesseraError('CHAIN_FAILED', { message: 'its state is damaged' });
    const used = withLocalMarket(
      context,
      undefined,
      async () => undefined,
      () => Promise.reject(damaged),
    );
    await expect(used).rejects.toBe(damaged);
    expect(notes).toEqual([]);
  });

  it('says why no node starts, and proves everything itself', async () => {
    await Promise.all(['python', 'groth16'].map((part) => mkdir(join(home, part), { recursive: true })));
    const { context, notes } = contextOf({ NODE_OPTIONS: '--require=./there-is-no-such-module.cjs' });
    const given = await withLocalNetwork(context, 2 ** 30, async (network) => ({ network }));
    expect(given).toEqual({ network: undefined });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/A node on this machine did not start: [\s\S]*there-is-no-such-module/);
    expect(notes[0]).toContain('this process proves everything itself');
  });
});
