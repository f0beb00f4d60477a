import { tiledConvolution } from '../tiled-convolution.ts';

/** 16 channels to 16, 3 × 3, on 16 × 16: more rows than a circuit of k=15 has. */
export const ezklTiles = tiledConvolution({
  name: 'tiled-convolution',
  channels: 16,
  side: 16,
  choice: { by: 'memory=1.2GB', prover: 'ezkl' },
  memoryMark: 1500,
});

/** 64 channels to 64, 3 × 3, on 32 × 32: 38 million multiplications. */
export const groth16Tiles = tiledConvolution({
  name: 'large-convolution',
  channels: 64,
  side: 32,
  choice: { by: 'memory=3GB', prover: 'groth16', memory: '3.5GB' },
  memoryMark: 4000,
});
