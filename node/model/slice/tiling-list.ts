import type { TesseraError } from '../../../protocol/errors.ts';
import type { Tiling } from '../tile/tiling.ts';

/** Tiles that a layer can have at most: segments that one computation can. */
const MAX_TILES = 65536;

/**
 * Reads tilings: `conv1:4,conv2:2x3` is conv1 in 4 parts of its channels, and conv2 in 2 parts of its channels, each
 * in 3 bands of rows. In names `%`, `,`, `:` and white space are percent-encoded.
 *
 * @throws what `wrong` makes of a reason
 */
export function parseTilings(text: string, wrong: (reason: string) => TesseraError): Tiling[] {
  const tilings = text.split(',').map((part): Tiling => {
    const [, name, channels, bands] = /^([^:]+):([1-9][0-9]{0,4})(?:x([1-9][0-9]{0,4}))?$/.exec(part) ?? [];
    const layer = name === undefined ? undefined : decodeName(name);
    if (layer === undefined) throw wrong(`${JSON.stringify(part)} is no layer with a number of tiles.`);
    const tiling = {
      layer,
      channels: Number(channels),
      ...(bands === undefined ? {} : { bands: Number(bands) }),
    };
    if (tiling.channels * (tiling.bands ?? 1) > MAX_TILES)
      throw wrong(`${layer} has more than ${MAX_TILES} tiles.`);
    return tiling;
  });
  const names = tilings.map(({ layer }) => layer);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw wrong(`Layer ${twice} is named twice in ${text}.`);
  return tilings;
}

export function formatTilings(tilings: readonly Tiling[]): string {
  return tilings
    .map(({ layer, channels, bands }) => {
      const rows = bands === undefined ? '' : `x${bands}`;
      return `${encodeName(layer)}:${channels}${rows}`;
    })
    .join(',');
}

function encodeName(name: string): string {
  return name.replace(/[%,:\s]/gu, encodeURIComponent);
}

function decodeName(text: string): string | undefined {
  try {
    const name = text.replace(/(?:%[0-9A-F]{2})+/g, decodeURIComponent);
    return encodeName(name) === text ? name : undefined;
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return undefined;
  }
}
