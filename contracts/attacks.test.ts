import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');

interface Row {
  attack: string;
  test: string;
  file: string;
}

/** The table of the document's chapter on attacks. */
async function documented(): Promise<Row[]> {
  const [, chapter = ''] = (await read('../docs/contracts.md')).split('## Attacks\n');
  const [text = ''] = chapter.split('\n## ');
  return text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => {
      const [, attack = '', , test = '', file = ''] = line.split('|').map((cell) => cell.trim());
      return { attack, test: test.replaceAll('`', ''), file };
    });
}

describe('the document’s table of attacks', () => {
  it('names tests that exist', async () => {
    const rows = await documented();
    expect(rows.length).toBeGreaterThan(0);
    for (const { attack, test, file } of rows) {
      const solidity = file.endsWith('.sol');
      const source = await read(solidity ? `test/${file}` : file);
      expect(source.includes(solidity ? `function ${test}(` : `it('${test}'`), `${attack}: ${test}`).toBe(
        true,
      );
    }
  });

  it('leaves out no test of an attack', async () => {
    const tests = (await documented()).map(({ test }) => test);
    const written = (await read('test/Attacks.t.sol')).matchAll(/function (test\w+)\(/g);
    expect(tests).toEqual(expect.arrayContaining([...written].map(([, name]) => name)));
  });
});
