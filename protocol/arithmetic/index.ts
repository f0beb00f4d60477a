/** Integer inference: the model, its proven bounds and the reference interpreter (README.md). */
export { MAGNITUDE_LIMIT } from './bounds.ts';
export { interpret, validate } from './interpreter.ts';
export type { Operation, QuantisedModel, QuantisedNode, QuantisedTensor, Values } from './model.ts';
