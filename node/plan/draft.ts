import type { Model } from '../model/model.ts';
import { type Slicing, segmentModel } from '../model/slice/index.ts';
import type { Port } from '../provers/prover.ts';
import type { TensorBinding } from './schemes.ts';

/** A segment whose prover and ports are decided, and whose parameters are not. */
export interface SegmentDraft {
  id: string;
  /** The segment as a model of its own. */
  model: Model;
  /** Tensor names in port order. */
  inputs: readonly string[];
  outputs: readonly string[];
  inputPorts: readonly Port[];
  outputPorts: readonly Port[];
  /** The prover's name. */
  prover: string;
}

const open: TensorBinding = { scheme: 'public', blinded: false };

/**
 * Each segment as a model of its own, with the binding of every port; a tensor without one is public.
 *
 * @param proverOf the prover of a segment, by its id
 */
export function draftSegments(
  model: Model,
  slicing: Slicing,
  proverOf: (id: string) => string,
  bindings: ReadonlyMap<string, TensorBinding>,
): SegmentDraft[] {
  return slicing.segments.map((segment) => {
    const own = segmentModel(model, segment);
    const portsOf = (names: readonly string[]) => names.map((name) => bindings.get(name) ?? open);
    return {
      id: segment.id,
      model: own,
      inputs: own.inputs,
      outputs: own.outputs,
      inputPorts: portsOf(own.inputs),
      outputPorts: portsOf(own.outputs),
      prover: proverOf(segment.id),
    };
  });
}

/** A draft with what is settled of its ports' types: what `settled` knows of each tensor, under what it has already. */
export function settlePorts<D extends SegmentDraft>(draft: D, settled: (name: string) => Port['settled']): D {
  const settle = (ports: readonly Port[], names: readonly string[]) =>
    ports.map((port, index): Port => {
      const known = { ...settled(names[index] ?? ''), ...port.settled };
      return Object.keys(known).length === 0 ? port : { ...port, settled: known };
    });
  return {
    ...draft,
    inputPorts: settle(draft.inputPorts, draft.inputs),
    outputPorts: settle(draft.outputPorts, draft.outputs),
  };
}
