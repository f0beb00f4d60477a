/** Everything that can be wrong with a certificate, by its stable code. */
export const problemCodes = {
  LIMIT_EXCEEDED: 'The graph is larger than the format allows.',
  GRAPH_EMPTY: 'The graph has no segment or no output.',
  NAME_REPEATED: 'Two edges have one name, or two segments one id.',
  REFERENCE_UNKNOWN: 'An index names an edge, block or circuit that does not exist.',
  EDGE_ROLE_INVALID: 'An edge is listed twice among inputs and outputs.',
  TYPE_INVALID: 'An edge type or a port type contradicts itself.',
  BLOCKS_NOT_PARTITION: 'The blocks of an edge overlap or leave gaps.',
  BLOCK_UNPRODUCED: 'No segment makes a block, and it is no input.',
  BLOCK_PRODUCED_TWICE: 'Two segments make one block, or a segment makes a block of an input.',
  EDGE_DANGLING: 'Nothing reads a block, and it is no output.',
  ORDER_INVALID: 'A segment reads what a later one, or itself, makes.',
  PORTS_MISMATCH: 'A segment joins an edge to a port of another type, or has too many or too few ports.',
  CIRCUIT_UNUSED: 'No segment uses a circuit.',
  VERIFIER_MISSING: 'This program has no verifier for a circuit’s adapter.',
  ARTIFACT_MISSING: 'The certificate lacks an artifact that its manifest names.',
  ARTIFACT_DAMAGED: 'An artifact’s bytes do not have the digest that they are filed under.',
  ARTIFACT_UNUSED: 'The certificate carries an artifact that nothing names.',
  KEY_MALFORMED: 'A circuit’s verifying data cannot be read.',
  KEY_MISMATCH: 'A circuit’s verifying data say something else than the manifest.',
  KEY_WEAK: 'A circuit was made with settings that no certificate may rest on.',
  SRS_MISSING: 'The certificate lacks the data of an SRS that a circuit rests on.',
  SRS_MISMATCH: 'The data of an SRS do not have its id, or the lists of SRS disagree.',
  PROOF_COUNT: 'There are more or fewer proofs than segments.',
  PROOF_MISSING: 'A segment has no proof.',
  PROOF_MALFORMED: 'A proof’s bytes or public values are not canonical, or of the wrong length.',
  PROOF_INVALID: 'A proof does not verify.',
  PROOF_UNCHECKED: 'No engine could check a proof.',
  ENGINES_DISAGREE: 'One engine accepts a proof and another does not.',
  COMMITMENT_COUNT: 'There are more or fewer commitments than blocks.',
  COMMITMENT_MALFORMED: 'A public edge’s commitment is not a list of canonical values.',
  LINK_UNEQUAL: 'A proof binds another value of a block than the certificate states.',
  VALUE_OUT_OF_INTERVAL: 'A public value or a stated integer lies outside its edge’s interval.',
  STATEMENT_INVALID:
    'A statement is not about an input or output, is repeated, or has the wrong number of values.',
  STATEMENT_UNEQUAL: 'Stated integers are not those that the proofs bind.',
  STATEMENT_UNCHECKED: 'Stated integers could not be compared with their commitment.',
  FLOATS_UNEQUAL: 'Stated floats do not give the stated integers at the edge’s scale.',
  MODEL_UNEXPECTED: 'The model is not the expected one.',
  INPUT_UNEXPECTED: 'The input is not the expected one.',
  OUTPUT_UNEXPECTED: 'The output is not the expected one.',
  TRUST_DEVELOPMENT: 'The certificate rests on development keys: whoever made them can forge proofs.',
} as const;

export type ProblemCode = keyof typeof problemCodes;

/** One thing that is wrong, and where. */
export interface Problem {
  code: ProblemCode;
  message: string;
  /** Id of the segment. */
  segment?: string;
  /** Name of the edge. */
  edge?: string;
}
