/**
 * Circuits for models with fixed weights: quantisation, the constraint language (FORMAT.md), its gadgets and the
 * compiler. A backend proves what `compileCircuit` and `generateWitness` give.
 */
export { type CompiledCircuit, compileCircuit } from './compile.ts';
export { constraintsOf, portConstraints } from './constraint-estimate.ts';
export { type ConstraintCount, countConstraints } from './language/constraint-count.ts';
export { firstViolation, type Violation } from './language/satisfied.ts';
export type { Layout, PortRef, PublicInput } from './layout.ts';
export type { CircuitPort, CircuitPorts, PortBinding } from './ports.ts';
export {
  calibrate,
  type FloatInputs,
  type FloatRunner,
  type FloatValues,
  openFloatRunner,
} from './quantise/calibrate.ts';
export { measureFidelity, quantiseInputs } from './quantise/fidelity.ts';
export { defaultQuantiseOptions, type NumberType, type QuantiseOptions } from './quantise/options.ts';
export { edgeInterval, type Quantisation, quantiseModel } from './quantise/quantise-model.ts';
export { type FloatRange, quantiseFloats } from './quantise/scale.ts';
export { unsupportedNode } from './quantise/unsupported.ts';
export {
  type ExecutableCircuit,
  type ExecutedCircuit,
  type Execution,
  type ExecutionWitness,
  executeCircuit,
  generateWitness,
} from './witness.ts';
