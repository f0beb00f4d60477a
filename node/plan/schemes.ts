import { TesseraError } from '../../protocol/errors.ts';
import type { Port, Prover } from '../provers/prover.ts';

/** The part of a slicing that decides schemes: who reads and writes which tensor, and who proves it. */
export interface Wiring {
  segments: readonly {
    id: string;
    inputs: readonly string[];
    outputs: readonly string[];
    binding: Prover['binding'];
  }[];
  /** Input and output tensors of the whole. */
  inputs: readonly string[];
  outputs: readonly string[];
}

/** Sides of the whole that stay commitments. */
export interface Committed {
  input: boolean;
  output: boolean;
}

/** How a tensor is bound at all of its ports. */
export type TensorBinding = Pick<Port, 'scheme' | 'blinded'>;

const open: TensorBinding = { scheme: 'public', blinded: false };

/**
 * Chooses each tensor's scheme. Edges between segments are committed, in the scheme that the provers of both sides
 * have; inputs and outputs of the whole are public unless `committed` names their side. A tensor between provers
 * without a common scheme is public. Where a prover binds all tensors of one side of a segment in one way, these
 * tensors share their fate: public if one of them must be, else committed if one of them is to be.
 *
 * @returns the binding of every tensor that crosses a segment's boundary
 * @throws TesseraError `UNPROVABLE` when a tensor that is to stay a commitment would have to be public
 */
export function chooseSchemes(wiring: Wiring, committed: Committed): ReadonlyMap<string, TensorBinding> {
  const produced = new Set(wiring.segments.flatMap((segment) => segment.outputs));
  const consumed = new Set(wiring.segments.flatMap((segment) => segment.inputs));
  const schemesOf = new Map<string, Set<TensorBinding['scheme']>>();
  const groups = new Groups();
  for (const { inputs, outputs, binding } of wiring.segments) {
    for (const side of [inputs, outputs]) {
      for (const name of side) {
        schemesOf.set(name, (schemesOf.get(name) ?? new Set()).add(binding.scheme));
        if (binding.perSide) groups.join(side[0] as string, name);
      }
    }
  }
  const concealed = (name: string) =>
    (committed.input && wiring.inputs.includes(name)) || (committed.output && wiring.outputs.includes(name));
  const between = (name: string) => produced.has(name) && consumed.has(name);

  const bindings = new Map<string, TensorBinding>();
  for (const names of groups.of(schemesOf.keys())) {
    const shared = names.find((name) => (schemesOf.get(name)?.size ?? 0) > 1);
    const hidden = names.find(concealed);
    if (shared !== undefined && hidden !== undefined) throw mustBePublic(hidden, shared);
    const commit = shared === undefined && names.some((name) => between(name) || concealed(name));
    for (const name of names) {
      const [scheme = 'public'] = schemesOf.get(name) ?? [];
      bindings.set(name, commit ? { scheme, blinded: scheme === 'poseidon2' && concealed(name) } : open);
    }
  }
  return bindings;
}

/**
 * A job on chain keeps to one scheme: an edge between two needs public values, which make its verification too large.
 *
 * @throws TesseraError `UNPROVABLE` naming the first segment that forces another
 */
export function requireOneScheme({ segments }: Pick<Wiring, 'segments'>): void {
  const [first] = segments;
  const other = segments.find(({ binding }) => binding.scheme !== first?.binding.scheme);
  if (first === undefined || other === undefined) return;
  throw new TesseraError('UNPROVABLE', {
    message: `On chain all edges share one scheme; segment ${first.id} has ${first.binding.scheme}, segment ${other.id} ${other.binding.scheme}`,
    remedy: 'Choose one prover for all segments (--prover), or --target offline.',
    details: { segments: [first.id, other.id] },
  });
}

function mustBePublic(hidden: string, shared: string): TesseraError {
  return new TesseraError('UNPROVABLE', {
    message:
      hidden === shared
        ? `${hidden} cannot stay a commitment: its segments’ provers have no scheme in common`
        : `${hidden} cannot stay a commitment: a segment binds it together with ${shared}, which must be public`,
    remedy: 'Choose one prover for all segments (--prover), or cut the model elsewhere.',
    details: { tensor: hidden, with: shared },
  });
}

/** Tensors that share their fate. */
class Groups {
  readonly #members = new Map<string, Set<string>>();

  join(a: string, b: string): void {
    const joined = this.#members.get(a) ?? new Set([a]);
    for (const name of this.#members.get(b) ?? [b]) joined.add(name);
    for (const name of joined) this.#members.set(name, joined);
  }

  /** The groups of these tensors, each once; a tensor that was never joined is alone. */
  of(names: Iterable<string>): string[][] {
    const groups = new Set([...names].map((name) => this.#members.get(name) ?? new Set([name])));
    return [...groups].map((group) => [...group]);
  }
}

/** Reads `--commit input,output`. */
export function parseCommitted(text: string | undefined): Committed {
  const names = (text ?? '').split(',').filter((name) => name !== '');
  const unknown = names.find((name) => name !== 'input' && name !== 'output');
  if (unknown !== undefined) {
    throw new TesseraError('USAGE', {
      message: `--commit takes input, output or both, not ${JSON.stringify(unknown)}`,
      remedy: 'Write --commit input, --commit output or --commit input,output.',
    });
  }
  return { input: names.includes('input'), output: names.includes('output') };
}
