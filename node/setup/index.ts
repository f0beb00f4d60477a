/**
 * The parts that npm does not install (ezkl, in a Python environment of its own; the Groth16 prover, built by Go):
 * setting them up, saying what is missing, and removing them.
 * @packageDocumentation
 */
export { type DataDirectory, dataDirectory } from './data-directory.ts';
export { type Diagnosis, diagnose } from './doctor.ts';
export { environmentPython } from './ezkl-part.ts';
export type { InstallOptions, Part, PartState } from './part.ts';
export { type LeftOut, type PartsInit, parts, partsOf } from './parts.ts';
export { type SetupOptions, type SetupOutcome, setup } from './setup.ts';
export { type Removable, removable, uninstall } from './uninstall.ts';
