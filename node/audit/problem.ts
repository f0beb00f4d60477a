import type { Problem, ProblemCode } from '../../protocol/problem.ts';

/** What an audit can find besides what a check finds, by its stable code. */
export const auditCodes = {
  MODEL_DIFFERS: 'The model file is not the one that the recipe names.',
  RECIPE_INVALID: 'The model cannot be imported, sliced or compiled as the recipe says.',
  OPERATOR_UNPROVABLE: 'The prover does not support a node, or is known to prove it wrongly.',
  SRS_DIFFERS: 'The circuits cannot be rebuilt: the prover has another SRS than the manifest names.',
  REBUILD_FAILED: 'The prover does not compile the circuits that the recipe gives.',
  SEGMENT_DIFFERS: 'The recipe gives other segments.',
  WIRING_DIFFERS: 'A segment, or the whole, reads or writes other tensors than the recipe gives.',
  ASSIGNMENT_DIFFERS: 'A segment is proven by another circuit than the recipe gives.',
  EDGE_DIFFERS: 'An edge is missing, unknown, or has another type or other blocks than the recipe gives.',
  CIRCUIT_DIFFERS: 'A circuit is missing, unknown, for another verifier, or of another kind of output.',
  PORTS_DIFFER: 'A circuit’s ports bind other types than those of the rebuilt circuit.',
  KEY_DIFFERS: 'A key, or another artifact of a circuit, is not the rebuilt one.',
  MODEL_ID_DIFFERS: 'The rebuilt manifest has another modelId.',
  FLOAT_DIFFERS: 'An output is further from the float model’s than the given tolerance.',
  FLOAT_UNCOMPARED: 'A tolerance is given, and an output cannot be compared with the float model’s.',
} as const;

export type AuditCode = keyof typeof auditCodes;

/** One thing that an audit found, and where. */
export interface AuditProblem extends Omit<Problem, 'code'> {
  code: AuditCode | ProblemCode;
  /** Index into the manifest's circuits. */
  circuit?: number;
  /** What whoever audits can do about it. */
  remedy?: string;
}
