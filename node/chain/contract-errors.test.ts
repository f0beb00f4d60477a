import {
  type AbiParameter,
  concat,
  encodeAbiParameters,
  encodeErrorResult,
  type Hex,
  numberToHex,
  pad,
  size,
  toFunctionSelector,
} from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Anvil, startAnvil } from '../../contracts/testing/anvil.ts';
import { exitStatusOf } from '../cli/exit-status.ts';
import { errorsAbi, marketAbi } from './abi.ts';
import { Chain } from './chain-client.ts';
import { explanations } from './contract-errors.ts';

const address = `0x${'c'.repeat(40)}` as const;

let anvil: Anvil;
let chain: Chain;

beforeAll(async () => {
  anvil = await startAnvil();
  chain = await Chain.connect({ urls: [anvil.url] });
});

afterAll(() => anvil?.close());

/** Code that reverts with this, whatever is called: it copies what follows it, and reverts with that. */
function reverting(data: Hex): Hex {
  const length = pad(numberToHex(size(data)), { size: 2 });
  return concat(['0x61', length, '0x600c5f3961', length, '0x5ffd', data]);
}

async function refusal(data: Hex): Promise<unknown> {
  await anvil.client(0).setCode({ address, bytecode: reverting(data) });
  const id = pad('0x1', { size: 32 });
  const request = { address, abi: marketAbi, functionName: 'jobOf', args: [id] } as const;
  return chain.read(request).catch((error: unknown) => error);
}

/** A value of a type that shows where it ends up. */
function sample({ type }: AbiParameter): unknown {
  if (type === 'address') return `0x${'Ab'.repeat(20)}`.toLowerCase();
  if (type === 'bytes32') return `0x${'ab'.repeat(32)}`;
  if (type === 'string') return 'words';
  if (type === 'uint8') return 2;
  return 1_764_000_000n;
}

describe('an error of the contracts', () => {
  it.each(errorsAbi.map((item) => [item.name, item] as const))(
    '%s is told with what to do',
    async (name, item) => {
      const args = item.inputs.map(sample);
      const data = encodeErrorResult({ abi: [item], errorName: name, args } as never);
      const error = await refusal(data);
      expect(error).toMatchObject({
        code: 'CHAIN_REFUSED',
        message: expect.stringMatching(/^Reading jobOf: [^ ].{10,}/),
        remedy: expect.stringMatching(/^[A-Z`].{10,}[.)}A-Z]$/),
        details: { error: name, arguments: { length: args.length } },
      });
      const { message, remedy } = error as { message: string; remedy: string };
      expect(`${message} ${remedy}`).not.toMatch(/undefined|NaN|\[object|null|Invalid Date/);
      expect(exitStatusOf(error as never)).toBe(1);
    },
  );

  it('has an explanation that is not another one’s, and there are no more', () => {
    expect(Object.keys(explanations).sort()).toEqual(errorsAbi.map(({ name }) => name).sort());
    const told = errorsAbi.map((item) => {
      const explain = explanations[item.name] as (args: readonly unknown[]) => readonly [string, string];
      return explain(item.inputs.map(sample))[0];
    });
    expect(new Set(told).size).toBe(told.length);
  });

  it('tells the values that it came with', async () => {
    const data = encodeErrorResult({
      abi: errorsAbi,
      errorName: 'StakeInsufficient',
      args: [address, 2n * 10n ** 16n, 5n * 10n ** 15n],
    });
    expect(await refusal(data)).toMatchObject({
      message: expect.stringMatching(/0\.005 of .* free stake, and 0\.02 of .* is needed/),
    });
  });

  it('that is none of theirs is told as what it says, or as unknown', async () => {
    const reason = encodeAbiParameters([{ type: 'string' }], ['out of words']);
    const said = await refusal(concat([toFunctionSelector('Error(string)'), reason]));
    expect(said).toMatchObject({ code: 'CHAIN_REFUSED', message: expect.stringContaining('out of words') });
    const unknown = { code: 'CHAIN_REFUSED', details: { error: null } };
    expect(await refusal('0xdeadbeef')).toMatchObject(unknown);
    expect(await refusal('0x')).toMatchObject({ code: 'CHAIN_REFUSED' });
    const panic = encodeAbiParameters([{ type: 'uint256' }], [0x11n]);
    expect(await refusal(concat([toFunctionSelector('Panic(uint256)'), panic]))).toMatchObject({
      code: 'CHAIN_REFUSED',
    });
  });
});
