/**
 * From an ONNX file to the one form that all later stages take: read, checked, shapes fixed, constants
 * folded, every tensor typed. Each pass is a function from draft to draft in a file of its own.
 */
export { type ImportedModel, importModel } from './import-model.ts';
