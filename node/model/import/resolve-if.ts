import { constantIntegers } from '../constant.ts';
import type { Draft, DraftType } from '../draft.ts';
import type { Constant, ModelNode } from '../model.ts';
import { decodeNode, decodeSubgraph } from '../onnx/decode.ts';
import { copyGraph } from '../onnx/inline-functions.ts';
import { renameTensors } from '../onnx/rename-tensors.ts';
import type { GraphMessage } from '../onnx/schema.ts';
import { tensorConstant } from '../onnx/tensor.ts';
import { tensorNamer } from './reads.ts';

/**
 * Replaces each `If` whose condition is constant by the branch that it takes. Tensors of the branch get
 * names of their own.
 * @returns the draft, and whether anything was replaced
 */
export async function resolveIfs(draft: Draft): Promise<{ draft: Draft; resolved: boolean }> {
  const constants = new Map<string, Constant>(draft.constants);
  const types = new Map<string, DraftType>(draft.types);
  const nameTensor = tensorNamer(draft);
  const nodes: ModelNode[] = [];
  let resolved = false;
  for (const node of draft.nodes) {
    const graph = await takenBranch(node, draft);
    if (graph === undefined) {
      nodes.push(node);
      continue;
    }
    resolved = true;
    const names = new Map<string, string>();
    for (const name of definedBy(graph)) names.set(name, nameTensor(`${node.name}/${name}`));
    const branch = copyGraph(graph);
    renameTensors(branch, names);
    // The branch was made to stand alone when it was read: none of its tensors lies in another file.
    const files = { model: `a branch of node "${node.name}"`, external: new Map<string, string>() };
    for (const tensor of branch.initializer) constants.set(tensor.name, tensorConstant(tensor, files));
    for (const inner of branch.node) {
      const decoded = decodeNode(inner, files);
      nodes.push({ ...decoded, name: decoded.name === '' ? '' : `${node.name}/${decoded.name}` });
    }
    node.outputs.forEach((output, i) => {
      const source = branch.output[i]?.name;
      if (output === '' || source === undefined) return;
      nodes.push({
        name: `${node.name}/${output}`,
        operator: 'Identity',
        domain: '',
        inputs: [source],
        outputs: [output],
        attributes: new Map(),
      });
    });
  }
  return { draft: { ...draft, nodes, constants, types }, resolved };
}

async function takenBranch(node: ModelNode, draft: Draft): Promise<GraphMessage | undefined> {
  if (node.operator !== 'If' || node.domain !== '') return undefined;
  const condition = draft.constants.get(node.inputs[0] ?? '');
  if (condition === undefined) return undefined;
  const [value] = await constantIntegers(condition);
  return decodeSubgraph(node.attributes.get(value === 0n ? 'else_branch' : 'then_branch'));
}

function definedBy(graph: GraphMessage): string[] {
  return [...graph.initializer.map(({ name }) => name), ...graph.node.flatMap(({ output }) => output)].filter(
    (name) => name !== '',
  );
}
