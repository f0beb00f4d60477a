import { type Address, type Hex, numberToHex, padHex, stringToHex, zeroAddress } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Anvil, startAnvil } from '../../contracts/testing/anvil.ts';
import { Chain } from './chain-client.ts';
import { coin, parseAmount, readCurrencies, readCurrency, requireCurrency, showAmount } from './currency.ts';

let anvil: Anvil;
let chain: Chain;

beforeAll(async () => {
  anvil = await startAnvil();
  chain = await Chain.connect({ urls: [anvil.url] });
});
afterAll(() => anvil?.close());

const token: Address = `0x${'7'.repeat(40)}`;
const word = (value: bigint | number) => padHex(numberToHex(value), { size: 32 });

/** Returns so many bytes of its own code, from after its program on, whatever it is asked. */
function answering(bytes: Hex): Hex {
  const length = (bytes.length - 2) / 2;
  const size = length.toString(16).padStart(4, '0');
  // PUSH2 size, PUSH1 12, PUSH0, CODECOPY, PUSH2 size, PUSH0, RETURN: twelve bytes.
  return `0x61${size}600c5f3961${size}5ff3${bytes.slice(2)}`;
}

const endless: Hex = '0x5b5f56';
const reverting: Hex = '0x5f5ffd';
const invalid: Hex = '0xfe';

async function currencyOf(code: Hex) {
  await anvil.client(0).setCode({ address: token, bytecode: code });
  return readCurrency(chain, token);
}

describe('how a token shows amounts', () => {
  it('is read from its contract: decimals and symbol by their selectors', async () => {
    // What decimals() is answered with is no string, and the other way round: each is read for what it is.
    expect(await currencyOf(answering(word(6)))).toEqual({ token, decimals: 6 });
    const symbol = stringToHex('USDC', { size: 32 });
    expect(await currencyOf(answering(`${word(32)}${word(4).slice(2)}${symbol.slice(2)}`))).toEqual({
      token,
      symbol: 'USDC',
      decimals: 0,
    });
  });

  it('takes the 32 bytes that old tokens have for a symbol', async () => {
    const { symbol } = await currencyOf(answering(stringToHex('MKR', { size: 32 })));
    expect(symbol).toBe('MKR');
  });

  it.each<[string, Hex]>([
    ['reverts', reverting],
    ['runs until it has no gas', endless],
    ['is no program', invalid],
    ['answers nothing', answering('0x')],
    ['answers 20,000 bytes', answering(`0x${'41'.repeat(20_000)}`)],
    ['has 78 decimals', answering(word(78))],
    ['has 2^256 − 1 decimals', answering(`0x${'f'.repeat(64)}`)],
    ['has a symbol of 2^255 bytes', answering(`${word(32)}${word(2n ** 255n).slice(2)}`)],
    ['has a symbol that steers a terminal', answering(stringToHex('\u001b[31mX', { size: 32 }))],
    ['has a symbol that turns text round', answering(stringToHex('\u202eCDSU', { size: 32 }))],
    ['has a symbol of 17 letters', answering(stringToHex('A'.repeat(17), { size: 32 }))],
  ])('leaves out what cannot be: it %s', async (_, code) => {
    expect(await currencyOf(code)).toEqual({ token, decimals: 0 });
  });

  it('asks no more tokens than a listing may cost', async () => {
    await anvil.client(0).setCode({ address: token, bytecode: answering(word(6)) });
    const others = Array.from({ length: 64 }, (_, index) => padHex(numberToHex(index + 1), { size: 20 }));
    const first = await readCurrencies(chain, [token, ...others]);
    expect(first(token).decimals).toBe(6);
    const last = await readCurrencies(chain, [...others, token]);
    expect(last(token)).toEqual({ token, decimals: 0 });
    expect(first(zeroAddress)).toEqual({ token: zeroAddress, decimals: 0 });
  });

  it('is refused of an address without a contract', async () => {
    const nobody: Address = `0x${'9'.repeat(40)}`;
    await expect(requireCurrency(chain, nobody)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(`no contract at ${nobody}`),
    });
    expect(await requireCurrency(chain, zeroAddress)).toBe(coin);
  });
});

describe('amounts', () => {
  const usdc = { token, symbol: 'USDC', decimals: 6 };
  const bare = { token, decimals: 0 };

  it('are shown with their point and what they are of', () => {
    expect(showAmount(coin, 30_000_000_000_000_000n)).toBe('0.03 coins');
    expect(showAmount(usdc, 12_500_000n)).toBe(`12.5 USDC of token ${token}`);
    expect(showAmount(bare, 7n)).toBe(`7 of token ${token}`);
  });

  it('are read back into the smallest unit', () => {
    expect(parseAmount(usdc, '12.5')).toBe(12_500_000n);
    expect(parseAmount(usdc, '0.000001')).toBe(1n);
    expect(parseAmount(bare, '7')).toBe(7n);
  });

  it('are never rounded', () => {
    expect(() => parseAmount(usdc, '0.0000001')).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('which has 6 decimals') }),
    );
    expect(() => parseAmount(bare, '0.5')).toThrow(expect.objectContaining({ code: 'USAGE' }));
    expect(() => parseAmount(usdc, '-1')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
