import type { ConstraintWriter } from '../language/constraint-writer.ts';
import { wireOf } from '../language/linear.ts';

/**
 * Holds the public context in a constraint: square = context².
 *
 * Sound: any context has one square, so the constraint excludes no context, but it makes the proof depend on the public
 * input; a verifier that is handed another context rejects. Costs one constraint. Returns the square's wire.
 */
export function constrainContext(writer: ConstraintWriter, context: number): number {
  const square = writer.wires(1);
  writer.zero([[wireOf(context), wireOf(context)]], { wires: [square], coefficients: [-1] });
  return square;
}
