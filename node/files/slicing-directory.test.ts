import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replaceSlicing, type SlicingFiles, slicingFormat } from './slicing-directory.ts';

let out: string;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'tessera-slicing-'));
});
afterEach(() => rm(out, { recursive: true, force: true }));

const graphOf = (...files: string[]): SlicingFiles => ({
  format: slicingFormat,
  segments: files.map((file) => ({ file })),
});
const place = (...files: string[]) =>
  replaceSlicing(out, graphOf(...files), async (directory) => {
    for (const file of files) await writeFile(join(directory, file), `new ${file}`);
  });
const contents = async () => (await readdir(out)).sort();
const storedGraph = async () => JSON.parse(await readFile(join(out, 'graph.json'), 'utf8'));

describe('replaceSlicing', () => {
  it('makes the directory, and leaves the files and their graph in it', async () => {
    await rm(out, { recursive: true });
    await place('a.onnx', 'b.onnx');
    expect(await contents()).toEqual(['a.onnx', 'b.onnx', 'graph.json']);
    expect(await storedGraph()).toEqual(graphOf('a.onnx', 'b.onnx'));
  });

  it('takes away the files of the earlier slicing, external data too', async () => {
    await place('a.onnx', 'a.onnx.data', 'b.onnx');
    await replaceSlicing(out, graphOf('b.onnx', 'c.onnx'), async (directory) => {
      for (const file of ['b.onnx', 'c.onnx', 'c.onnx.data'])
        await writeFile(join(directory, file), 'second');
    });
    expect(await contents()).toEqual(['b.onnx', 'c.onnx', 'c.onnx.data', 'graph.json']);
    expect(await readFile(join(out, 'b.onnx'), 'utf8')).toBe('second');
    await place('d.onnx');
    expect(await contents()).toEqual(['d.onnx', 'graph.json']);
  });

  it('keeps the earlier slicing whole when the new one cannot be written', async () => {
    await place('a.onnx');
    const failing = replaceSlicing(out, graphOf('b.onnx'), async (directory) => {
      await writeFile(join(directory, 'b.onnx'), 'half');
      throw new Error('interrupted');
    });
    await expect(failing).rejects.toThrow('interrupted');
    expect(await readFile(join(out, 'a.onnx'), 'utf8')).toBe('new a.onnx');
    expect(await storedGraph()).toEqual(graphOf('a.onnx'));
    await place('c.onnx');
    expect(await contents()).toEqual(['c.onnx', 'graph.json']);
  });

  it('goes on after a first run that was cut off while it moved its files into place', async () => {
    const aside = join(out, '.tessera-slicing');
    await mkdir(aside);
    await writeFile(join(out, 'a.onnx'), 'moved already');
    await writeFile(join(aside, 'b.onnx'), 'not moved yet');
    await writeFile(join(aside, 'graph.json'), JSON.stringify(graphOf('a.onnx', 'b.onnx')));
    await place('c.onnx');
    expect(await contents()).toEqual(['c.onnx', 'graph.json']);
  });

  it.each([
    ['a model', 'mine.onnx', 'weights'],
    ['notes', 'notes.txt', 'text'],
    ["another program's graph", 'graph.json', '{"segments": [{"file": "graph.json"}]}'],
    ['a broken graph', 'graph.json', '{"format": "tessera/slicing/1", "segments"'],
    ['a graph without its list', 'graph.json', '{"format": "tessera/slicing/1"}'],
    ['a graph of another layout', 'graph.json', '{"format": "tessera/slicing/2", "segments": []}'],
  ])('refuses a directory that holds %s, and leaves it as it is', async (_what, name, text) => {
    await writeFile(join(out, name), text);
    await expect(place('a.onnx')).rejects.toMatchObject({ code: 'USAGE', details: { found: [name] } });
    expect(await contents()).toEqual([name]);
    expect(await readFile(join(out, name), 'utf8')).toBe(text);
  });

  it('refuses foreign files beside an earlier slicing, and deletes nothing', async () => {
    await place('a.onnx');
    await writeFile(join(out, 'mine.onnx'), 'weights');
    await expect(place('b.onnx')).rejects.toMatchObject({ code: 'USAGE', details: { found: ['mine.onnx'] } });
    expect(await contents()).toEqual(['a.onnx', 'graph.json', 'mine.onnx']);
  });

  it('deletes nothing outside the directory, whatever a graph names', async () => {
    const inner = join(out, 'inner');
    await mkdir(inner);
    await writeFile(join(out, 'mine.onnx'), 'weights');
    await writeFile(join(inner, 'graph.json'), JSON.stringify(graphOf('../mine.onnx')));
    await replaceSlicing(inner, graphOf(), async () => {});
    expect(await readFile(join(out, 'mine.onnx'), 'utf8')).toBe('weights');
  });

  it('says when the directory is a file', async () => {
    const file = join(out, 'file');
    await writeFile(file, '');
    await expect(replaceSlicing(file, graphOf(), async () => {})).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      details: { directory: file },
    });
  });
});
