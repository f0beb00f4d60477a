import { type Abi, toEventSignature, toFunctionSignature } from 'viem';
import { describe, expect, it } from 'vitest';
import { contractNames, loadCompilation } from '../../contracts/compilation.ts';
import { errorsAbi, marketAbi, modelRegistryAbi, nodeRegistryAbi } from './abi.ts';

const { contracts } = await loadCompilation();

/** Signature, results, and what of it is indexed or payable. */
function shapes(abi: Abi, types: readonly string[]): string[] {
  return abi
    .filter((item) => types.includes(item.type))
    .map((item) => {
      switch (item.type) {
        case 'function':
          return `${toFunctionSignature(item)} ${item.stateMutability} ${fields(item.outputs)}`;
        case 'event':
          return `${toEventSignature(item)} ${item.inputs.map(({ name, indexed }) => `${name} ${indexed === true}`)}`;
        case 'error':
          return `${item.name}(${fields(item.inputs)})`;
        default:
          return item.type;
      }
    })
    .sort();
}

interface Field {
  readonly type: string;
  readonly name?: string | undefined;
  readonly components?: readonly Field[];
}

const fields = (list: readonly Field[]): string =>
  list
    .map(
      ({ name, type, components }) => `${type} ${name ?? ''}${components ? `{${fields(components)}}` : ''}`,
    )
    .join();

describe('the ABI that this program calls', () => {
  it.each([
    ['ModelRegistry', modelRegistryAbi],
    ['NodeRegistry', nodeRegistryAbi],
    ['Market', marketAbi],
  ] as const)('is part of that of %s', (name, abi) => {
    const compiled = shapes(contracts[name].abi, ['function', 'event']);
    expect(compiled).toEqual(expect.arrayContaining(shapes(abi, ['function', 'event'])));
  });

  it('names every error of every contract, and no other', () => {
    const all = contractNames.flatMap((name) => shapes(contracts[name].abi, ['error']));
    expect(shapes(errorsAbi, ['error'])).toEqual([...new Set(all)].sort());
  });
});
