/**
 * What an ezkl circuit binds at its boundary, read from its settings and VKA.
 *
 * **Intervals.** ezkl writes every public input and output as sign · Σ digitᵢ · base^i with range-checked digits
 * (0 ≤ digit < base) and sign ∈ {−1, 0, 1}, when `ignore_range_check_inputs_outputs` is false; both the instance
 * and the computed output go through it. So a public value x is held to |x| ≤ base^legs − 1 by constraints
 * (a boolean public input to {0, 1}). A *committed* tensor is not: its cells are assigned by the commitment's
 * column first, and ezkl's input node leaves cells that are already assigned as they are; committed outputs have
 * no check at all. Witness generation does refuse a committed input outside the interval, but only because its
 * dry run decomposes every input: a witness made without it satisfies all constraints. Hence `unproven`.
 * (Source: ezkl 23.0.5, `Input::layout` in circuit/ops/mod.rs, `Model::layout` in graph/model.rs.)
 *
 * **Settings are not bound by the key.** The engine shapes its constraint system by them (k, columns, tables), but
 * which side is public, scales and sizes leave no trace in a verifying key. What can be held against the keys is
 * (counts, k, fixed columns); for the rest the audit compiles the circuit again.
 *
 * **check_mode** is not a weakness: in 23.x it only decides whether the witness generator tests lookups and
 * sums while it works; the constraints are the same under `SAFE` and `UNSAFE`.
 *
 * **Not functions.** ezkl's division by a constant accepts every q with |x − q·d| < d, so both neighbours of an
 * inexact quotient; rescaling after a multiplication is such a division. Reciprocal, square root and what is
 * built on them have tolerances of their own. Settings and VKA do not list operators, so the manifest has to
 * carry them (`Circuit.output`) and the audit, which compiles the circuit again, holds it to the truth.
 * The one case that shows: a circuit without range checks has none of these operators.
 */
import { type EdgeType, elementCount, type Interval, type Scheme } from '../../../../protocol/edge.ts';
import { maxMagnitude } from '../../../../protocol/field.ts';
import type { Circuit } from '../../../../protocol/manifest.ts';
import { ezklVersion } from '../version.ts';
import type { EzklSettings, Visibility } from './settings.ts';
import type { VerifyingKeyHead } from './verifying-key.ts';
import type { Vka } from './vka.ts';

export interface BoundPorts {
  inputs: readonly EdgeType[];
  outputs: readonly EdgeType[];
}

/**
 * The ports' types. ezkl records element counts only for committed tensors, so a port takes the shape that
 * `shapes` gives it when that has the right number of elements, and the flat shape otherwise.
 * A side that is neither public nor committed has no ports.
 *
 * @param srs id of the SRS that the VKA carries
 * @param shapes what the manifest says of each port
 */
export function portsOf(
  settings: EzklSettings,
  vka: Vka,
  srs: string,
  shapes: { inputs: readonly (readonly number[])[]; outputs: readonly (readonly number[])[] },
): BoundPorts {
  const publicSizes = [...settings.publicSizes];
  const committedSizes = [...settings.committedSizes];
  const kzg: Scheme = { name: 'kzg', srs, k: settings.k, usableRows: vka.usableRows };

  const side = (
    visibility: Visibility,
    scales: readonly number[],
    given: readonly (readonly number[])[],
    interval: (port: number) => Interval | 'unproven',
  ): EdgeType[] => {
    if (visibility !== 'Public' && visibility !== 'KZGCommit') return [];
    const isPublic = visibility === 'Public';
    return scales.map((scale, port) => {
      const size = (isPublic ? publicSizes : committedSizes).shift() ?? 0;
      const shape = given[port];
      return {
        shape: shape !== undefined && elementCount(shape) === size ? shape : [size],
        signed: true,
        scale,
        interval: isPublic ? interval(port) : 'unproven',
        scheme: isPublic ? { name: 'public' } : kzg,
      };
    });
  };

  const decomposed = decomposedInterval(settings);
  const inputs = side(settings.inputVisibility, settings.inputScales, shapes.inputs, (port) =>
    settings.inputTypes[port] === 'Bool' ? { lo: 0n, hi: 1n } : decomposed,
  );
  const outputs = side(settings.outputVisibility, settings.outputScales, shapes.outputs, () => decomposed);
  return { inputs, outputs };
}

function decomposedInterval(settings: EzklSettings): Interval | 'unproven' {
  const { decompBase, decompLegs, ignoreRangeCheck, rangeChecks } = settings;
  const has = (lo: number, hi: number) => rangeChecks.some((range) => range[0] === lo && range[1] === hi);
  if (ignoreRangeCheck || !has(0, decompBase - 1) || !has(-1, 1)) return 'unproven';
  const hi = BigInt(decompBase) ** BigInt(decompLegs) - 1n;
  return hi <= maxMagnitude ? { lo: -hi, hi } : 'unproven';
}

/** See "Not functions" above. */
export function outputOf(settings: EzklSettings, circuit: Circuit): Circuit['output'] {
  return settings.rangeChecks.length === 0 && settings.lookups.length === 0
    ? { kind: 'unique' }
    : circuit.output;
}

/** Settings that no certificate may rest on, in words. */
export function weaknessesOf(settings: EzklSettings, vka: Vka, key: VerifyingKeyHead): string[] {
  const found: string[] = [];
  const weak = (condition: boolean, words: string) => {
    if (condition) found.push(words);
  };
  const bound = (visibility: Visibility) => visibility === 'Public' || visibility === 'KZGCommit';
  weak(settings.version !== ezklVersion, `made by ezkl ${settings.version}, not ${ezklVersion}`);
  weak(
    settings.paramVisibility !== 'Fixed',
    `the weights are ${settings.paramVisibility}, not fixed in the key`,
  );
  weak(
    !bound(settings.inputVisibility),
    `the inputs are ${settings.inputVisibility}: neither public nor committed`,
  );
  weak(
    !bound(settings.outputVisibility),
    `the outputs are ${settings.outputVisibility}: neither public nor committed`,
  );
  weak(
    !settings.disableFreivalds,
    'matrix products are checked by random projections (disable_freivalds is false)',
  );
  weak(
    settings.ignoreRangeCheck,
    'public values are not range-checked (ignore_range_check_inputs_outputs is true)',
  );
  weak(
    BigInt(settings.decompBase) ** BigInt(settings.decompLegs) - 1n > maxMagnitude,
    'decomposed values can wrap around the field',
  );
  weak(key.k !== settings.k, `the verifying key is for k=${key.k}, the settings for k=${settings.k}`);
  weak(vka.k !== settings.k, `the VKA is for k=${vka.k}, the settings for k=${settings.k}`);
  const sameFixed =
    vka.fixed.length === key.fixed.length && vka.fixed.every((value, i) => value === key.fixed[i]);
  weak(!sameFixed, 'the VKA and the verifying key commit to different fixed columns');

  const publicCount = settings.publicSizes.reduce((a, b) => a + b, 0);
  weak(
    vka.instances !== publicCount,
    `the VKA takes ${vka.instances} public values, the settings ${publicCount}`,
  );
  const ports = (visibility: Visibility) =>
    (settings.inputVisibility === visibility ? settings.inputScales.length : 0) +
    (settings.outputVisibility === visibility ? settings.outputScales.length : 0);
  weak(ports('Public') !== settings.publicSizes.length, 'the public tensors do not match the ports');
  weak(ports('KZGCommit') !== settings.committedSizes.length, 'the committed tensors do not match the ports');
  return found;
}
