import type { Lowering } from '../quantiser.ts';
import { lowerClip, lowerLeakyRelu, lowerPRelu, lowerRelu } from './activation.ts';
import { lowerAdd, lowerMul, lowerSub } from './arithmetic.ts';
import { lowerConvolution } from './convolution.ts';
import { lowerGemm, lowerMatMul } from './matrix.ts';
import { lowerConcat, lowerPad, lowerReshape, lowerSlice, lowerSplit, lowerTranspose } from './movement.ts';
import { lowerAveragePool, lowerGlobalAveragePool, lowerMaxPool, lowerReduceMean } from './pooling.ts';
import { lowerResize } from './resize.ts';

/** How each ONNX operator that these circuits support becomes integer operations. */
export const lowerings: ReadonlyMap<string, Lowering> = new Map([
  ['Add', lowerAdd],
  ['AveragePool', lowerAveragePool],
  ['Clip', lowerClip],
  ['Concat', lowerConcat],
  ['Conv', lowerConvolution],
  ['Flatten', lowerReshape],
  ['Gemm', lowerGemm],
  ['GlobalAveragePool', lowerGlobalAveragePool],
  ['LeakyRelu', lowerLeakyRelu],
  ['MatMul', lowerMatMul],
  ['MaxPool', lowerMaxPool],
  ['Mul', lowerMul],
  ['PRelu', lowerPRelu],
  ['Pad', lowerPad],
  ['ReduceMean', lowerReduceMean],
  ['Relu', lowerRelu],
  ['Reshape', lowerReshape],
  ['Resize', lowerResize],
  ['Slice', lowerSlice],
  ['Split', lowerSplit],
  ['Squeeze', lowerReshape],
  ['Sub', lowerSub],
  ['Transpose', lowerTranspose],
  ['Unsqueeze', lowerReshape],
]);
