/** A tensor as a file holds it. */
export interface FileTensor {
  shape: readonly number[];
  /** Row-major. */
  values: ArrayLike<number | bigint>;
  /** NumPy's name of the element type, where the file states one. */
  dtype?: string;
}

/** A picture as a file holds it. */
export interface Image {
  width: number;
  height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
  channels: number;
  /** Row by row from the top, channels innermost. */
  samples: Uint8Array | Uint8ClampedArray | Uint16Array;
  /** What full intensity is: 255 or 65535. */
  maximum: number;
}
