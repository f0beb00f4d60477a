import { type Command, InvalidArgumentError } from 'commander';
import { TesseraError } from '../../protocol/errors.ts';
import type { Configuration } from '../configuration/index.ts';
import { addConfigFlag } from './configuration.ts';

/** Settings of every verb that speaks to a chain. */
export type ChainSettings = Pick<
  Configuration,
  'rpc' | 'chainId' | 'keystore' | 'passwordFile' | 'account' | 'deployment'
>;

/** Flags of such a verb: what they say goes before the configuration. */
export interface ChainFlags extends Partial<ChainSettings> {
  config?: string;
}

/** Adds them. */
export function addChainFlags(command: Command): Command {
  return addConfigFlag(command)
    .option('--rpc <url...>', 'HTTP endpoints of one chain; without one the embedded chain is used')
    .option('--chain-id <number>', 'refuse another chain than this', whole)
    .option('--keystore <file>', 'the account’s encrypted key: Web3 Secret Storage, version 3')
    .option('--password-file <file>', 'the keystore’s password')
    .option('--account <0-9>', 'which of the embedded chain’s accounts, whose keys everybody knows', index)
    .option('--deployment <file>', 'what `tessera chain deploy` wrote; by default in the data directory');
}

/** Reads an amount of the chain's coin, such as `0.05`; gives wei. */
export function coins(text: string): bigint {
  if (!/^\d+(\.\d{1,18})?$/.test(text))
    throw new InvalidArgumentError('Give an amount of the chain’s coin, e.g. 0.05.');
  const [units = '0', decimals = ''] = text.split('.');
  return BigInt(units + decimals.padEnd(18, '0'));
}

/** Reads an amount of a currency that is not known yet, such as `0.05`. */
export function amount(text: string): string {
  if (!/^\d{1,78}(\.\d{1,77})?$/.test(text)) throw new InvalidArgumentError('Give an amount, e.g. 0.05.');
  return text;
}

/** Adds `--token`. @param description what it is for */
export function addTokenFlag(command: Command, description: string): Command {
  return command.option('--token <address>', description, address);
}

/** Reads a job's id. */
export function jobArgument(text: string): string {
  const id = text.toLowerCase().replace(/^0x/, '');
  if (!/^[0-9a-f]{64}$/.test(id))
    throw new TesseraError('USAGE', {
      message: `${text} is no job: its id has 64 hexadecimal digits`,
      remedy: '`tessera jobs` lists them.',
    });
  return id;
}

/** Reads an account's address. */
export function address(text: string): `0x${string}` {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text))
    throw new InvalidArgumentError('Give an address: 0x and 40 hexadecimal digits.');
  return `0x${text.slice(2).toLowerCase()}`;
}

/** Reads a whole number from 0 on. */
export function whole(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('Give a whole number from 0 on.');
  return value;
}

function index(text: string): number {
  if (!/^\d$/.test(text)) throw new InvalidArgumentError('Give a number from 0 to 9.');
  return Number(text);
}
