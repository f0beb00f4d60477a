import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import { TesseraError } from '../../../protocol/errors.ts';
import type { FileTensor } from './contents.ts';
import { parseNpy } from './npy.ts';

const maximumEntries = 1024;

/**
 * Arrays by name from an archive of NumPy, as `numpy.savez` and `savez_compressed` write it.
 *
 * @param maximumBytes what all arrays together may take: a file of a megabyte can unpack to a thousand
 * @throws TesseraError `INPUT_INVALID` for anything else, and for arrays that take more
 */
export async function parseNpz(
  file: string,
  bytes: Buffer,
  maximumBytes: number,
): Promise<ReadonlyMap<string, FileTensor>> {
  try {
    return await readArchive(file, await fromBufferPromise(bytes, { lazyEntries: true }), maximumBytes);
  } catch (cause) {
    if (cause instanceof TesseraError) throw cause;
    throw new TesseraError('INPUT_INVALID', {
      message: `${file} is not a whole .npz file: ${(cause as Error).message}`,
      remedy: 'Write it with numpy.savez or numpy.savez_compressed.',
      cause,
    });
  }
}

async function readArchive(
  file: string,
  archive: ZipFile,
  maximumBytes: number,
): Promise<ReadonlyMap<string, FileTensor>> {
  const tensors = new Map<string, FileTensor>();
  let left = maximumBytes;
  for await (const entry of archive.eachEntry()) {
    left -= entry.uncompressedSize;
    if (left < 0) throw invalid(file, `unpacks to more than ${maximumBytes} bytes`);
    if (tensors.size === maximumEntries) throw invalid(file, `holds more than ${maximumEntries} arrays`);
    const [, name] = /^(.+)\.npy$/.exec(entry.fileName) ?? [];
    if (name === undefined) throw invalid(file, `holds ${JSON.stringify(entry.fileName)}, which is no array`);
    if (tensors.has(name)) throw invalid(file, `holds two arrays ${JSON.stringify(name)}`);
    tensors.set(name, parseNpy(`${file}: ${name}`, await unpack(archive, entry)));
  }
  return tensors;
}

/** The reader holds the unpacked size to the declared one, so nothing larger is ever in memory. */
async function unpack(archive: ZipFile, entry: Entry): Promise<Buffer> {
  const bytes = await buffer(await archive.openReadStreamPromise(entry));
  if (crc32(bytes) !== entry.crc32) throw new Error(`${entry.fileName} differs from its checksum`);
  return bytes;
}

function invalid(file: string, what: string): TesseraError {
  return new TesseraError('INPUT_INVALID', {
    message: `${file} ${what}`,
    remedy: 'Write the inputs alone, each once: numpy.savez(file, NAME=array).',
  });
}
