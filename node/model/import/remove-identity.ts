import { intAttribute } from '../attributes.ts';
import { constantIntegers } from '../constant.ts';
import type { Draft } from '../draft.ts';
import type { ModelNode } from '../model.ts';
import { capturedTensors } from './reads.ts';

/**
 * Removes nodes that hand on their input unchanged: `Identity`, and `Dropout` in inference. Names of inputs
 * and outputs of the whole stay, so an `Identity` between the two stays as well.
 */
export async function removeIdentity(draft: Draft): Promise<Draft> {
  const captured = capturedTensors(draft);
  const fixed = new Set([...draft.inputs, ...draft.constants.keys(), ...draft.outputs, ...captured]);
  const used = new Set(draft.nodes.flatMap((node) => node.inputs));
  for (const name of fixed) used.add(name);
  const renamed = new Map<string, string>();
  const current = (name: string): string => {
    let now = name;
    for (let next = renamed.get(now); next !== undefined; next = renamed.get(now)) now = next;
    return now;
  };
  const nodes: ModelNode[] = [];
  for (const node of draft.nodes) {
    const [input = '', output = ''] = [node.inputs[0], node.outputs[0]];
    if (input !== '' && output !== '' && (await handsOn(node, draft, used))) {
      const source = current(input);
      if (!draft.outputs.includes(output) && !captured.has(output)) {
        renamed.set(output, source);
        continue;
      }
      if (!fixed.has(source)) {
        renamed.set(source, output);
        fixed.add(output);
        continue;
      }
    }
    nodes.push(node);
  }
  const types = new Map([...draft.types].filter(([name]) => !renamed.has(name)));
  return {
    ...draft,
    types,
    nodes: nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(current),
      outputs: node.outputs.map(current),
    })),
  };
}

async function handsOn(node: ModelNode, draft: Draft, used: ReadonlySet<string>): Promise<boolean> {
  if (node.domain !== '') return false;
  if (node.operator === 'Identity') return true;
  if (node.operator !== 'Dropout') return false;
  const mask = node.outputs[1] ?? '';
  if (mask !== '' && used.has(mask)) return false;
  const opset = draft.opsets.get('') ?? 1;
  // Before opset 7 an attribute chose training, which was the default.
  if (opset < 7) return (intAttribute(node, 'is_test') ?? 0) !== 0;
  const training = node.inputs[2] ?? '';
  if (training === '') return true;
  const constant = draft.constants.get(training);
  return constant !== undefined && (await constantIntegers(constant))[0] === 0n;
}
