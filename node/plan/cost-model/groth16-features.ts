/** What the work of Groth16 is linear in: 1, rank-one constraints, and terms of their expressions. */
export function groth16Features(constraints: number, terms: number): [number, number, number] {
  return [1, constraints, terms];
}
