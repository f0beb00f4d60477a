import type { Benchmark } from '../benchmark.ts';
import { cnnSmall } from './cnn-small.ts';

/** What `npm run bench` measures, in the order of the table. */
export const benchmarks: readonly Benchmark[] = [cnnSmall];

/** What `npm run bench:long` measures. */
export const longBenchmarks: readonly Benchmark[] = [];
