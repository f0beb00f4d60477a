import { TesseraError } from '../../protocol/errors.ts';
import type { Graph } from '../../protocol/graph.ts';

/**
 * An invited job keeps its tensors to its peers; its certificate must not show them to everybody. A `kzg` commitment
 * hides nothing, and an edge between two schemes carries its values. Inputs and outputs of the whole are as `--commit`
 * says.
 *
 * @throws TesseraError `UNPROVABLE`
 */
export function requireHiding(graph: Pick<Graph, 'edges' | 'inputs' | 'outputs'>): void {
  const ends = new Set([...graph.inputs, ...graph.outputs]);
  const shown = graph.edges.find(
    ({ type: { scheme } }, index) => scheme.name === 'kzg' || (scheme.name === 'public' && !ends.has(index)),
  );
  if (shown === undefined) return;
  throw new TesseraError('UNPROVABLE', {
    message: `Edge ${shown.name} would show itself in the certificate: its scheme is ${shown.type.scheme.name}, and the job is for invited peers only`,
    remedy: 'Give --prover groth16, or leave --invite out.',
    details: { edge: shown.name, scheme: shown.type.scheme.name },
  });
}
