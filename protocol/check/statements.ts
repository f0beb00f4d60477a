import type { Certificate, Statement } from '../certificate.ts';
import { elementCount } from '../edge.ts';
import { TesseraError } from '../errors.ts';
import type { Edge } from '../graph.ts';
import type { Problem, ProblemCode } from '../problem.ts';
import { quantise } from '../quantise.ts';
import type { EdgeOpener } from './edge-opener.ts';
import { outside } from './links.ts';

/** A tensor as someone expects it: integers, or floats at any scale. Row-major. */
export type ExpectedTensor = readonly bigint[] | Float64Array;

/** Tensors by the names of the edges that shall carry them. */
export type ExpectedTensors = Readonly<Record<string, ExpectedTensor>>;

/**
 * Stated integers are within their edge's interval and are what the proofs bind; stated floats give these integers.
 * Only inputs and outputs may be stated, each once.
 */
export async function checkStatements(
  { manifest, statements }: Certificate,
  opener: EdgeOpener,
): Promise<Problem[]> {
  const { graph } = manifest;
  const open = new Set([...graph.inputs, ...graph.outputs]);
  const problems: Problem[] = [];
  for (const statement of statements) {
    const edge = graph.edges[statement.edge];
    if (edge === undefined || !open.delete(statement.edge)) {
      const name = edge?.name ?? `edge ${statement.edge}`;
      problems.push({ code: 'STATEMENT_INVALID', message: `${name} is no input or output, or stated twice` });
      continue;
    }
    problems.push(...(await statementProblems(statement, edge, opener)));
  }
  return problems;
}

async function statementProblems(
  { edge: index, values, floats }: Statement,
  edge: Edge,
  opener: EdgeOpener,
): Promise<Problem[]> {
  const problem = (code: ProblemCode, why: string): Problem => ({
    code,
    message: `${edge.name}: ${why}`,
    edge: edge.name,
  });
  const problems: Problem[] = [];
  const count = elementCount(edge.type.shape);
  if (values.length !== count) {
    problems.push(problem('STATEMENT_INVALID', `${values.length} stated values for ${count} elements`));
    return problems;
  }
  problems.push(...outside(edge, values));
  const unlike = await opener.unlike(index, values);
  if (unlike !== null) {
    problems.push(problem(unlike.unchecked ? 'STATEMENT_UNCHECKED' : 'STATEMENT_UNEQUAL', unlike.why));
  }
  if (floats !== undefined) {
    const why = floatsUnlike(floats, values, edge.type.scale);
    if (why !== null) problems.push(problem('FLOATS_UNEQUAL', why));
  }
  return problems;
}

function floatsUnlike(floats: Float64Array, values: readonly bigint[], scale: number): string | null {
  if (floats.length !== values.length) return `${floats.length} floats for ${values.length} integers`;
  const integers = integersOf(floats, scale);
  if (typeof integers === 'string') return integers;
  const at = integers.findIndex((value, i) => value !== values[i]);
  return at < 0 ? null : `float ${at} is ${floats[at]}, which gives ${integers[at]}, not ${values[at]}`;
}

/** Every expected tensor is an input (or output) of the whole and is what the proofs bind. */
export async function checkExpected(
  { manifest }: Certificate,
  side: 'inputs' | 'outputs',
  expected: ExpectedTensors,
  opener: EdgeOpener,
): Promise<Problem[]> {
  const { graph } = manifest;
  const code = side === 'inputs' ? 'INPUT_UNEXPECTED' : 'OUTPUT_UNEXPECTED';
  const problems: Problem[] = [];
  for (const [name, tensor] of Object.entries(expected)) {
    const index = graph[side].find((i) => graph.edges[i]?.name === name);
    const edge = index === undefined ? undefined : graph.edges[index];
    if (index === undefined || edge === undefined) {
      problems.push({ code, message: `${name} is none of the model’s ${side}` });
      continue;
    }
    const integers = tensor instanceof Float64Array ? tellingIntegers(tensor, edge.type.scale) : tensor;
    const unlike = typeof integers === 'string' ? { why: integers } : await opener.unlike(index, integers);
    if (unlike !== null) problems.push({ code, message: `${name}: ${unlike.why}`, edge: name });
  }
  return problems;
}

/** As {@link integersOf}; a scale so coarse that nothing is left of the floats would let any tensor be the expected one. */
function tellingIntegers(floats: Float64Array, scale: number): bigint[] | string {
  const integers = integersOf(floats, scale);
  const lost = typeof integers !== 'string' && integers.every((x) => x === 0n) && floats.some((x) => x !== 0);
  return lost
    ? `at its scale of ${scale} fractional bits all values become 0, so that none is shown`
    : integers;
}

/** Integers at a scale, or why the floats have none. */
function integersOf(floats: Float64Array, scale: number): bigint[] | string {
  try {
    return quantise(floats, scale);
  } catch (error) {
    if (!(error instanceof TesseraError)) throw error;
    return error.message;
  }
}
