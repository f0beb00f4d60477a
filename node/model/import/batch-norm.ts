import { floatAttribute } from '../attributes.ts';
import { constantFloats, floatConstant } from '../constant.ts';
import type { Draft, DraftType } from '../draft.ts';
import type { Constant, ModelNode } from '../model.ts';
import { knownType } from './known-type.ts';
import { readCounts, tensorNamer } from './reads.ts';

/** The first opset in which no attribute of batch normalisation chooses training. */
const FIRST_OPSET = 7;

/**
 * Rewrites batch normalisation in inference, scale · (x − mean) / √(variance + ε) + bias, as a product and a
 * sum with one constant a channel: cheaper to prove, and ready to be absorbed by the layer before. One whose
 * parameters are no float32 constants stays.
 * Source: https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
 */
export async function rewriteBatchNorms(draft: Draft): Promise<Draft> {
  const reads = readCounts(draft);
  const nameTensor = tensorNamer(draft);
  const constants = new Map(draft.constants);
  const types = new Map<string, DraftType>(draft.types);
  const nodes: ModelNode[] = [];
  for (const node of draft.nodes) {
    const [input = ''] = node.inputs;
    const [output = '', ...statistics] = node.outputs;
    const type = knownType(draft, output);
    const isPlain =
      node.operator === 'BatchNormalization' &&
      node.domain === '' &&
      (draft.opsets.get('') ?? 1) >= FIRST_OPSET &&
      isInference(node) &&
      statistics.every((name) => !reads.has(name));
    const affine = isPlain ? await channelAffine(node, draft.constants) : undefined;
    if (affine === undefined || type === undefined || type.shape.length < 2) {
      nodes.push(node);
      continue;
    }
    const shape = [affine.factors.length, ...type.shape.slice(2).map(() => 1)];
    const factors = nameTensor(`${output}/factors`);
    const offsets = nameTensor(`${output}/offsets`);
    const product = nameTensor(`${output}/product`);
    constants.set(factors, floatConstant(shape, affine.factors));
    constants.set(offsets, floatConstant(shape, affine.offsets));
    types.set(product, type);
    const step = (operator: string, inputs: string[], result: string): ModelNode => ({
      name: `${node.name}/${operator}`,
      operator,
      domain: '',
      inputs,
      outputs: [result],
      attributes: new Map(),
    });
    nodes.push(step('Mul', [input, factors], product), step('Add', [product, offsets], output));
  }
  return { ...draft, nodes, constants, types };
}

function isInference(node: ModelNode): boolean {
  const training = node.attributes.get('training_mode');
  const spatial = node.attributes.get('spatial');
  return (
    (training?.type !== 'int' || training.value === 0n) && (spatial?.type !== 'int' || spatial.value === 1n)
  );
}

/** The factor and the offset of each channel, or `undefined` where they are not known or not finite. */
async function channelAffine(
  node: ModelNode,
  constants: ReadonlyMap<string, Constant>,
): Promise<{ factors: Float32Array; offsets: Float32Array } | undefined> {
  const parameters = node.inputs.slice(1, 5).flatMap((name) => constants.get(name) ?? []);
  if (parameters.length !== 4 || parameters.some(({ type }) => type.element !== 'float32')) return undefined;
  const [scale, bias, mean, variance] = await Promise.all(parameters.map(constantFloats));
  if (!scale || !bias || !mean || !variance) return undefined;
  const epsilon = floatAttribute(node, 'epsilon') ?? 1e-5;
  const exact = Array.from(scale, (value, i) => value / Math.sqrt((variance[i] ?? 0) + epsilon));
  const factors = Float32Array.from(exact);
  const offsets = Float32Array.from(exact, (factor, i) => (bias[i] ?? 0) - (mean[i] ?? 0) * factor);
  return [...factors, ...offsets].every(Number.isFinite) ? { factors, offsets } : undefined;
}
