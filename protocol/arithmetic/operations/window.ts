import { requireValid } from './invalid.ts';

/** A window that slides over the last two axes of [batch, channels, height, width]; padded places hold zero. */
export interface Window {
  kernel: readonly [height: number, width: number];
  strides: readonly [number, number];
  /** Added before and after each axis. */
  pads: readonly [top: number, left: number, bottom: number, right: number];
  dilations: readonly [number, number];
}

/** Positions that the window takes on each axis. */
export function windowPositions(window: Window, height: number, width: number): [number, number] {
  const { kernel, strides, pads, dilations } = window;
  const fields = [...kernel, ...strides, ...dilations];
  requireValid(
    fields.every((field) => Number.isInteger(field) && field >= 1) &&
      pads.every((pad) => Number.isInteger(pad) && pad >= 0),
    `A window has sizes, strides and dilations of at least 1 and pads of at least 0: ${JSON.stringify(window)}.`,
  );
  const rows = height + pads[0] + pads[2] - dilations[0] * (kernel[0] - 1) - 1;
  const columns = width + pads[1] + pads[3] - dilations[1] * (kernel[1] - 1) - 1;
  requireValid(
    rows >= 0 && columns >= 0,
    `A window of ${kernel.join('×')} does not fit on ${height}×${width}.`,
  );
  return [Math.floor(rows / strides[0]) + 1, Math.floor(columns / strides[1]) + 1];
}

/** The four sizes of an image tensor. */
export function imageShape(shape: readonly number[]): readonly [number, number, number, number] {
  requireValid(shape.length === 4, `Expected [batch, channels, height, width], got [${shape.join(', ')}].`);
  return shape as readonly [number, number, number, number];
}
