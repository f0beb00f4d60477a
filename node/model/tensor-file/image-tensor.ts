import { TesseraError } from '../../../protocol/errors.ts';
import type { TensorType } from '../model.ts';
import type { Image } from './contents.ts';

/** How samples become numbers: (sample / full intensity − mean) / std, with one mean and std for all channels or each. */
export interface Normalisation {
  /** 0 unless given. */
  mean?: readonly number[];
  /** 1 unless given; not 0. */
  std?: readonly number[];
}

/**
 * An image as a model takes it: `[1, C, H, W]` or `[1, H, W, C]`, with or without the leading 1, or `[H, W]` for grey.
 * Where both layouts fit, channels come first. Alpha is dropped where every pixel is opaque and the model has no
 * channel for it. Nothing is resampled, cropped or converted between grey and colour.
 *
 * @returns row-major, in doubles
 * @throws TesseraError `INPUT_INVALID` naming the image's size and the model's shape
 */
export function imageValues(
  name: string,
  image: Image,
  { element, shape }: TensorType,
  { mean = [0], std = [1] }: Normalisation,
): Float64Array {
  if (!element.startsWith('float')) {
    throw new TesseraError('INPUT_INVALID', {
      message: `Input ${name} takes ${element}; an image gives fractions`,
      remedy: 'Give the image’s numbers in a .npy file.',
      details: { tensor: name },
    });
  }
  const { width, height, samples, maximum } = image;
  const layout = findLayout(image, shape);
  if (layout === undefined) {
    throw new TesseraError('INPUT_INVALID', {
      message: `The image has ${width}×${height} pixels (${kinds[image.channels]}), where input ${name} takes [${shape}]`,
      remedy: 'Scale, crop and convert it first, as for training: nothing is resampled here.',
      details: { tensor: name, expected: shape, got: [image.channels, height, width] },
    });
  }
  const { channels, channelsFirst } = layout;
  checkNormalisation(name, channels, { mean, std });
  const pixels = width * height;
  const values = new Float64Array(pixels * channels);
  for (let channel = 0; channel < channels; channel++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const fraction = (samples[pixel * image.channels + channel] ?? 0) / maximum;
      const at = channelsFirst ? channel * pixels + pixel : pixel * channels + channel;
      values[at] = (fraction - pick(mean, channel)) / pick(std, channel);
    }
  }
  return values;
}

/** By the number of channels. */
const kinds = ['', 'grey', 'grey and alpha', 'RGB', 'RGB and alpha'];

/** How many of the image's channels a shape takes, and whether they come before the rows. */
function findLayout(
  image: Image,
  shape: readonly number[],
): { channels: number; channelsFirst: boolean } | undefined {
  const { width, height } = image;
  const sizes = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  const isShape = (...layout: readonly number[]) => String(layout) === String(sizes);
  for (const channels of usableChannels(image)) {
    const channelsFirst = isShape(channels, height, width);
    const greyOnly = channels === 1 && isShape(height, width);
    if (channelsFirst || greyOnly || isShape(height, width, channels)) return { channels, channelsFirst };
  }
  return undefined;
}

/** All channels of the file, or without the last where that is alpha and says nothing. */
function usableChannels({ channels, samples, maximum }: Image): number[] {
  const hasAlpha = channels % 2 === 0;
  const opaque = () => samples.every((sample, at) => at % channels !== channels - 1 || sample === maximum);
  return hasAlpha && opaque() ? [channels, channels - 1] : [channels];
}

function checkNormalisation(name: string, channels: number, { mean, std }: Required<Normalisation>): void {
  const invalid = (message: string) =>
    new TesseraError('INPUT_INVALID', {
      message: `Input ${name}: ${message}`,
      remedy: 'Give the numbers that the images of its training were normalised with.',
      details: { tensor: name },
    });
  const wrong = [mean, std].find(({ length }) => length !== 1 && length !== channels);
  if (wrong !== undefined) {
    throw invalid(`mean and std have one value, or one for each channel (${channels}), not ${wrong.length}`);
  }
  if (![...mean, ...std].every(Number.isFinite) || std.includes(0)) {
    throw invalid('mean and std are finite, and std is not 0');
  }
}

function pick(values: readonly number[], channel: number): number {
  return (values.length === 1 ? values[0] : values[channel]) ?? Number.NaN;
}
