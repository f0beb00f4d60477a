import { TesseraError } from '../../../protocol/errors.ts';
import { toNumber } from './int64.ts';
import { renameTensors } from './rename-tensors.ts';
import {
  type AttributeMessage,
  type FunctionMessage,
  type GraphMessage,
  graphType,
  type ModelMessage,
  type NodeMessage,
  type OpsetMessage,
} from './schema.ts';

/** Functions that call functions; exporters nest a handful. */
const MAX_DEPTH = 32;
/** Nodes after inlining: functions that call each other twice over would double without end. */
const MAX_NODES = 200_000;

/**
 * The nodes of a graph with every call of a function that the model defines replaced by the function's body.
 * Source: https://onnx.ai/onnx/repo-docs/IR.html#functions
 * @throws TesseraError MODEL_INVALID for functions that nest too deep, grow too large, or need another opset
 */
export function inlineFunctions(model: ModelMessage, graph: GraphMessage): NodeMessage[] {
  if (model.functions.length === 0) return graph.node;
  return new FunctionInliner(model).nodes(graph.node, 0);
}

class FunctionInliner {
  readonly #functions: ReadonlyMap<string, FunctionMessage>;
  readonly #opsets: ReadonlyMap<string, number>;
  #calls = 0;
  #count = 0;

  constructor(model: ModelMessage) {
    this.#functions = new Map(
      model.functions.map((item) => [key(item.domain, item.name, item.overload), item]),
    );
    this.#opsets = versions(model.opsetImport);
  }

  nodes(nodes: readonly NodeMessage[], depth: number): NodeMessage[] {
    if (depth > MAX_DEPTH) throw invalid(`Its functions call each other more than ${MAX_DEPTH} deep.`);
    return nodes.flatMap((node) => {
      this.#count += 1;
      if (this.#count > MAX_NODES) throw invalid(`Its functions grow to more than ${MAX_NODES} nodes.`);
      const called = this.#functions.get(key(node.domain, node.opType, node.overload));
      return called === undefined ? [node] : this.nodes(this.#body(node, called), depth + 1);
    });
  }

  /** The function's nodes with the call's tensors and attributes in place of its parameters. */
  #body(call: NodeMessage, called: FunctionMessage): NodeMessage[] {
    for (const [domain, version] of versions(called.opsetImport)) {
      const used = this.#opsets.get(domain);
      if (used !== undefined && used !== version) {
        throw invalid(
          `Its function "${called.name}" needs opset ${version} of "${domain}", and the model ${used}.`,
        );
      }
    }
    this.#calls += 1;
    const prefix = `${call.name || called.name}/${this.#calls}`;
    const names = new Map<string, string>();
    for (const name of called.node.flatMap((node) => node.output))
      if (name !== '') names.set(name, `${prefix}/${name}`);
    for (const [i, name] of called.input.entries()) names.set(name, call.input[i] ?? '');
    called.output.forEach((name, i) => {
      const actual = call.output[i] ?? '';
      if (actual !== '') names.set(name, actual);
    });
    const given = new Map([...called.attributeProto, ...call.attribute].map((item) => [item.name, item]));
    const body = copyGraph({ node: called.node });
    renameTensors(body, names);
    bindAttributes(body, given);
    for (const node of body.node) node.name = node.name === '' ? '' : `${prefix}/${node.name}`;
    return body.node;
  }
}

/** Puts the call's attributes where the body refers to them; what the call leaves out is left out. */
function bindAttributes(graph: GraphMessage, given: ReadonlyMap<string, AttributeMessage>): void {
  for (const node of graph.node) {
    node.attribute = node.attribute.flatMap((attribute) => {
      for (const inner of [...(attribute.g ? [attribute.g] : []), ...attribute.graphs])
        bindAttributes(inner, given);
      if (attribute.refAttrName === '') return [attribute];
      const value = given.get(attribute.refAttrName);
      return value === undefined
        ? []
        : [Object.assign(Object.create(value) as AttributeMessage, value, { name: attribute.name })];
    });
  }
}

/** A copy that the caller may change. */
export function copyGraph(graph: Partial<GraphMessage>): GraphMessage {
  const bytes = graphType.encode(graphType.fromObject(graph)).finish();
  return graphType.decode(bytes) as unknown as GraphMessage;
}

function versions(opsets: readonly OpsetMessage[]): Map<string, number> {
  return new Map(
    opsets.map(({ domain, version }) => [domain === 'ai.onnx' ? '' : domain, toNumber(version)]),
  );
}

function key(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain, name, overload]);
}

function invalid(what: string): TesseraError {
  return new TesseraError('MODEL_INVALID', {
    message: `The model's functions cannot be written out. ${what}`,
    remedy: 'Export the model without functions, or inline them with `onnx.inliner`.',
  });
}
