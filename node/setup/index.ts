/**
 * The parts that npm does not install (today: ezkl, in a Python environment of its own): setting them up, saying
 * what is missing, and removing them.
 * @packageDocumentation
 */
export { contents, type DataDirectory, dataDirectory } from './data-directory.ts';
export { type Diagnosis, diagnose } from './doctor.ts';
export { enginePart } from './engine-part.ts';
export { environmentPython, ezklPart } from './ezkl-part.ts';
export type { InstallOptions, Part, PartState } from './part.ts';
export { type SetupOutcome, setup } from './setup.ts';
export { type Removable, removable, uninstall } from './uninstall.ts';
