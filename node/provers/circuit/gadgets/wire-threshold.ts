/**
 * Terms above which an expression that a gadget uses several times gets a wire of its own: the constraint that binds it
 * costs a Groth16 prover about as much as evaluating this many terms.
 */
export const WIRE_THRESHOLD = 32;
