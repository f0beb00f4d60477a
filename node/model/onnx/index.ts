/** ONNX's protobuf encoding: reading files of any size and origin, and writing models back. */
export { type EncodeOptions, encodeModel, writeModel } from './encode.ts';
export { digestFiles, type ReadModel, readModel } from './read.ts';
