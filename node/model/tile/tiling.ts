/** How one layer is divided into tiles, each of which is a segment of its own. */
export interface Tiling {
  /** Name of the node that multiplies: a convolution, or a dense layer with constant weights. */
  layer: string;
  /** Parts that its output channels, or columns, are divided into. */
  channels: number;
  /** Parts that the rows of each of these are divided into; 1 unless given. */
  bands?: number;
}

/** A stretch of one axis. */
export interface Stretch {
  start: number;
  size: number;
}

/** Divides a stretch of an axis into this many of nearly equal size, the larger ones first. */
export function divideEvenly(length: number, parts: number): Stretch[] {
  const [least, larger] = [Math.floor(length / parts), length % parts];
  return Array.from({ length: parts }, (_, part) => ({
    start: part * least + Math.min(part, larger),
    size: least + (part < larger ? 1 : 0),
  }));
}
