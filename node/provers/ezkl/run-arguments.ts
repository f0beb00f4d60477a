import { TesseraError } from '../../../protocol/errors.ts';
import type { Port, SegmentSource } from '../prover.ts';
import type { EzklParams } from './parameters.ts';
import { parseSettings } from './verifier/settings.ts';

/** What the schemes that ezkl has are called in its arguments, and in the settings that it writes. */
const visibility = {
  public: { argument: 'public', stated: 'Public' },
  kzg: { argument: 'polycommit', stated: 'KZGCommit' },
} as const;

/** ezkl's run arguments, by its names. */
export function runArguments(source: SegmentSource, params: EzklParams): Record<string, unknown> {
  return {
    input_visibility: visibility[uniform(source.inputs, 'inputs')].argument,
    output_visibility: visibility[uniform(source.outputs, 'outputs')].argument,
    param_visibility: 'fixed',
    logrows: params.k,
    input_scale: inputScale(source, params),
    param_scale: params.scale,
    scale_rebase_multiplier: 1,
    decomp_base: params.decompBase,
    decomp_legs: params.decompLegs,
    num_inner_cols: params.innerColumns,
    disable_freivalds: true,
    ignore_range_check_inputs_outputs: false,
  };
}

/** ezkl has one visibility for all tensors of a side. */
function uniform(ports: readonly Port[], side: string): keyof typeof visibility {
  const schemes = ports.map(({ scheme }) => scheme);
  const [first = 'public', ...others] = schemes;
  if (first === 'poseidon2' || others.some((scheme) => scheme !== first)) {
    throw new TesseraError('UNPROVABLE', {
      message: `ezkl binds all ${side} of a segment in one way, kzg or public; these are ${schemes.join(', ')}`,
      remedy: 'Commit all of them (--commit), or cut the model elsewhere.',
      details: { side, schemes },
    });
  }
  return first;
}

/** ezkl has one scale for all inputs of floats; integers and truth values come at scale 0. */
function inputScale(source: SegmentSource, params: EzklParams): number {
  const floats = source.model.inputs.flatMap((name, port) =>
    isFloat(source, name) ? [source.inputs[port]?.settled?.scale ?? params.scale] : [],
  );
  const [first = params.scale, ...others] = floats;
  if (others.some((scale) => scale !== first)) {
    throw new TesseraError('UNPROVABLE', {
      message: `ezkl takes all inputs of a segment at one scale; these come at ${floats.join(', ')}`,
      remedy: 'Cut the model elsewhere.',
      details: { scales: floats },
    });
  }
  return first;
}

function isFloat(source: SegmentSource, name: string): boolean {
  return /^(b?float)/.test(source.model.types.get(name)?.element ?? '');
}

/** ezkl may scale or bind a tensor otherwise than it was told. */
export function requireAsAsked(bytes: Uint8Array, source: SegmentSource, params: EzklParams): void {
  const settings = parseSettings(bytes);
  const expected = {
    k: params.k,
    inputVisibility: visibility[uniform(source.inputs, 'inputs')].stated,
    outputVisibility: visibility[uniform(source.outputs, 'outputs')].stated,
    inputScales: source.model.inputs.map((name) => (isFloat(source, name) ? inputScale(source, params) : 0)),
  };
  for (const [field, value] of Object.entries(expected)) {
    const stated = settings[field as keyof typeof expected];
    if (JSON.stringify(stated) !== JSON.stringify(value)) {
      throw new TesseraError('PROVER_FAILED', {
        message: `ezkl compiled the segment with ${field} ${JSON.stringify(stated)} where ${JSON.stringify(value)} was asked for`,
        remedy: 'Cut the model elsewhere.',
        details: { field, stated, expected: value },
      });
    }
  }
  if (settings.outputScales.length !== source.model.outputs.length) {
    throw new TesseraError('PROVER_FAILED', {
      message: `ezkl compiled the segment with ${settings.outputScales.length} outputs instead of ${source.model.outputs.length}`,
    });
  }
}
