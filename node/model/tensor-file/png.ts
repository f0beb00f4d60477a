import { inflateSync } from 'node:zlib';
import { decode } from 'fast-png';
import { TesseraError } from '../../../protocol/errors.ts';
import type { Image } from './contents.ts';

/** Width × height × channels: above any model's input. */
const maximumSamples = 2 ** 26;

/** PNG (third edition) §5.2 and §11.2.1. */
const signature = Buffer.from('89504e470d0a1a0a', 'hex');
/** Channels by colour type; palettes (3) are left out. */
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/** Encoders write some kilobytes to a chunk. */
const maximumChunks = 65_536;
/** Bytes of a chunk besides its data: length, type and checksum. */
const chunkFrame = 12;

interface Header {
  width: number;
  height: number;
  channels: number;
  depth: 8 | 16;
}

/**
 * The samples of a PNG image, as they stand in the file: gamma and colour profiles are left aside, as by Pillow and
 * torchvision. Grey, RGB, and either with alpha, of 8 or 16 bits a sample, not interlaced.
 *
 * @throws TesseraError `INPUT_INVALID` for any other image, one of more than 2^26 samples, or a damaged one
 */
export function parsePng(file: string, bytes: Buffer): Image {
  if (!bytes.subarray(0, signature.length).equals(signature)) throw invalid(file, 'is not a PNG image');
  const chunks = readChunks(file, bytes);
  const header = readHeader(file, chunks);
  requireSize(file, chunks, header);
  try {
    // Chunks that say nothing of samples are left out: the decoder would unpack some without a limit.
    const { data } = decode(Buffer.concat([signature, ...chunks.map(({ whole }) => whole)]), {
      checkCrc: true,
    });
    return { ...header, samples: data, maximum: 2 ** header.depth - 1 };
  } catch (cause) {
    throw invalid(file, `is damaged: ${(cause as Error).message}`, cause);
  }
}

interface Chunk {
  type: string;
  data: Buffer;
  whole: Buffer;
}

/** The chunks that make the picture: header, data and end. */
function readChunks(file: string, bytes: Buffer): Chunk[] {
  const chunks: Chunk[] = [];
  let at = signature.length;
  for (let count = 0; chunks.at(-1)?.type !== 'IEND'; count++) {
    if (count === maximumChunks) throw invalid(file, `has more than ${maximumChunks} chunks`);
    if (at + chunkFrame > bytes.length) throw invalid(file, 'ends early');
    const end = at + chunkFrame + bytes.readUInt32BE(at);
    if (end > bytes.length) throw invalid(file, 'ends early');
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'tRNS') throw unsupported(file, 'names a transparent colour');
    if (['IHDR', 'IDAT', 'IEND'].includes(type)) {
      chunks.push({ type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) });
    }
    at = end;
  }
  return chunks;
}

function readHeader(file: string, [first, ...others]: readonly Chunk[]): Header {
  if (first?.type !== 'IHDR' || first.data.length !== 13 || others.some(({ type }) => type === 'IHDR')) {
    throw invalid(file, 'has not exactly one header, at its start');
  }
  const width = first.data.readUInt32BE(0);
  const height = first.data.readUInt32BE(4);
  const [depth, colourType = 0, , , interlace] = first.data.subarray(8);
  const channels = channelsOf[colourType];
  if (channels === undefined) throw unsupported(file, 'has a palette');
  if (depth !== 8 && depth !== 16) throw unsupported(file, `has ${depth} bits a sample`);
  if (interlace !== 0) throw unsupported(file, 'is interlaced');
  const samples = width * height * channels;
  if (samples < 1 || samples > maximumSamples) {
    throw invalid(file, `has ${width}×${height} pixels, which is no size that a model takes`);
  }
  return { width, height, channels, depth };
}

/** The decoder unpacks all there is, so this looks first, and not further than the picture reaches. */
function requireSize(
  file: string,
  chunks: readonly Chunk[],
  { width, height, channels, depth }: Header,
): void {
  const size = height * (1 + (width * channels * depth) / 8);
  const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data));
  try {
    if (inflateSync(packed, { maxOutputLength: size }).length === size) return;
  } catch (cause) {
    throw invalid(file, `does not unpack to ${width}×${height} pixels`, cause);
  }
  throw invalid(file, `does not unpack to ${width}×${height} pixels`);
}

function unsupported(file: string, what: string): TesseraError {
  return new TesseraError('INPUT_INVALID', {
    message: `The image ${file} ${what}`,
    remedy:
      'Save it as plain grey, RGB or RGBA of 8 or 16 bits, e.g. with Pillow: image.convert("RGB").save(…).',
  });
}

function invalid(file: string, what: string, cause?: unknown): TesseraError {
  return new TesseraError('INPUT_INVALID', {
    message: `${file} ${what}`,
    remedy: 'Copy or save the image again, as PNG.',
    cause,
  });
}
