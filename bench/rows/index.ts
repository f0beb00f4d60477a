import type { Benchmark } from '../benchmark.ts';
import { artifactTransfer } from '../rows-network/artifact-transfer.ts';
import { discovery } from '../rows-network/discovery.ts';
import { networkOverhead } from '../rows-network/network-overhead.ts';
import { networkScale } from '../rows-network/network-scale.ts';
import { orchestration } from '../rows-network/orchestration.ts';
import { cnnSmall } from './cnn-small.ts';
import { gas } from './gas.ts';
import { groth16Lenet } from './groth16-lenet.ts';
import { largeCircuit } from './large-circuit.ts';
import { lenet } from './lenet.ts';
import { lightVgg19 } from './light-vgg19.ts';
import { mobilenetV2 } from './mobilenet-v2.ts';
import { ezklTiles, groth16Tiles } from './tiled-convolution.ts';

/** What `npm run bench` measures, in the order of the table. */
export const benchmarks: readonly Benchmark[] = [
  ...cnnSmall,
  ...lenet,
  ezklTiles,
  lightVgg19,
  groth16Lenet,
  largeCircuit,
  artifactTransfer,
  discovery,
  orchestration,
  networkOverhead,
  networkScale,
  gas,
];

/** What `npm run bench:long` measures. */
export const longBenchmarks: readonly Benchmark[] = [groth16Tiles, mobilenetV2];
