import protobuf from 'protobufjs';

/**
 * The ONNX messages, as far as this program reads and writes them: names and field numbers of the ONNX
 * specification (https://onnx.ai/onnx/repo-docs/IR.html). Documentation and metadata are left out, so
 * reading drops them.
 */

/** Where `heldOffset` and `heldLength` stand: outside ONNX's numbers, and dropped when a file uses them. */
const HELD_OFFSET = 100_001;
const HELD_LENGTH = 100_002;

type Rule = { rule: 'repeated' };
const many: Rule = { rule: 'repeated' };
const packed = { rule: 'repeated', options: { packed: true } };

const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: { type: 'int64', id: 1 },
        graph: { type: 'GraphProto', id: 7 },
        opsetImport: { ...many, type: 'OperatorSetIdProto', id: 8 },
        functions: { ...many, type: 'FunctionProto', id: 25 },
      },
    },
    OperatorSetIdProto: {
      fields: { domain: { type: 'string', id: 1 }, version: { type: 'int64', id: 2 } },
    },
    GraphProto: {
      fields: {
        node: { ...many, type: 'NodeProto', id: 1 },
        name: { type: 'string', id: 2 },
        initializer: { ...many, type: 'TensorProto', id: 5 },
        input: { ...many, type: 'ValueInfoProto', id: 11 },
        output: { ...many, type: 'ValueInfoProto', id: 12 },
        valueInfo: { ...many, type: 'ValueInfoProto', id: 13 },
        sparseInitializer: { ...many, type: 'SparseTensorProto', id: 15 },
      },
    },
    NodeProto: {
      fields: {
        input: { ...many, type: 'string', id: 1 },
        output: { ...many, type: 'string', id: 2 },
        name: { type: 'string', id: 3 },
        opType: { type: 'string', id: 4 },
        attribute: { ...many, type: 'AttributeProto', id: 5 },
        domain: { type: 'string', id: 7 },
        overload: { type: 'string', id: 8 },
      },
    },
    AttributeProto: {
      fields: {
        name: { type: 'string', id: 1 },
        f: { type: 'float', id: 2 },
        i: { type: 'int64', id: 3 },
        s: { type: 'bytes', id: 4 },
        t: { type: 'TensorProto', id: 5 },
        g: { type: 'GraphProto', id: 6 },
        floats: { ...packed, type: 'float', id: 7 },
        ints: { ...packed, type: 'int64', id: 8 },
        strings: { ...many, type: 'bytes', id: 9 },
        tensors: { ...many, type: 'TensorProto', id: 10 },
        graphs: { ...many, type: 'GraphProto', id: 11 },
        tp: { type: 'TypeProto', id: 14 },
        typeProtos: { ...many, type: 'TypeProto', id: 15 },
        type: { type: 'int32', id: 20 },
        refAttrName: { type: 'string', id: 21 },
        sparseTensor: { type: 'SparseTensorProto', id: 22 },
        sparseTensors: { ...many, type: 'SparseTensorProto', id: 23 },
      },
    },
    TensorProto: {
      fields: {
        dims: { ...packed, type: 'int64', id: 1 },
        dataType: { type: 'int32', id: 2 },
        floatData: { ...packed, type: 'float', id: 4 },
        int32Data: { ...packed, type: 'int32', id: 5 },
        stringData: { ...many, type: 'bytes', id: 6 },
        int64Data: { ...packed, type: 'int64', id: 7 },
        name: { type: 'string', id: 8 },
        rawData: { type: 'bytes', id: 9 },
        doubleData: { ...packed, type: 'double', id: 10 },
        uint64Data: { ...packed, type: 'uint64', id: 11 },
        externalData: { ...many, type: 'StringStringEntryProto', id: 13 },
        dataLocation: { type: 'int32', id: 14 },
        heldOffset: { type: 'double', id: HELD_OFFSET },
        heldLength: { type: 'double', id: HELD_LENGTH },
      },
    },
    SparseTensorProto: {
      fields: {
        values: { type: 'TensorProto', id: 1 },
        indices: { type: 'TensorProto', id: 2 },
        dims: { ...packed, type: 'int64', id: 3 },
      },
    },
    StringStringEntryProto: {
      fields: { key: { type: 'string', id: 1 }, value: { type: 'string', id: 2 } },
    },
    ValueInfoProto: {
      fields: { name: { type: 'string', id: 1 }, type: { type: 'TypeProto', id: 2 } },
    },
    TypeProto: {
      fields: {
        tensorType: { type: 'TensorTypeProto', id: 1 },
        sequenceType: { type: 'ElementTypeProto', id: 4 },
        mapType: { type: 'MapTypeProto', id: 5 },
        sparseTensorType: { type: 'TensorTypeProto', id: 8 },
        optionalType: { type: 'ElementTypeProto', id: 9 },
      },
    },
    TensorTypeProto: {
      fields: { elemType: { type: 'int32', id: 1 }, shape: { type: 'TensorShapeProto', id: 2 } },
    },
    ElementTypeProto: { fields: { elemType: { type: 'TypeProto', id: 1 } } },
    MapTypeProto: {
      fields: { keyType: { type: 'int32', id: 1 }, valueType: { type: 'TypeProto', id: 2 } },
    },
    TensorShapeProto: { fields: { dim: { ...many, type: 'DimensionProto', id: 1 } } },
    DimensionProto: {
      fields: { dimValue: { type: 'int64', id: 1 }, dimParam: { type: 'string', id: 2 } },
    },
    FunctionProto: {
      fields: {
        name: { type: 'string', id: 1 },
        input: { ...many, type: 'string', id: 4 },
        output: { ...many, type: 'string', id: 5 },
        node: { ...many, type: 'NodeProto', id: 7 },
        opsetImport: { ...many, type: 'OperatorSetIdProto', id: 9 },
        domain: { type: 'string', id: 10 },
        attributeProto: { ...many, type: 'AttributeProto', id: 11 },
        overload: { type: 'string', id: 13 },
      },
    },
  },
});
root.resolveAll();

export const modelType = root.lookupType('ModelProto');
export const graphType = root.lookupType('GraphProto');
export const attributeType = root.lookupType('AttributeProto');
export const tensorType = root.lookupType('TensorProto');

/** Field numbers that are written or recognised outside the reflection schema. */
export const fieldNumber = {
  model: { graph: 7 },
  graph: { initializer: 5 },
  tensor: {
    floatData: 4,
    int32Data: 5,
    int64Data: 7,
    rawData: 9,
    doubleData: 10,
    uint64Data: 11,
    heldOffset: HELD_OFFSET,
    heldLength: HELD_LENGTH,
  },
} as const;

/** A 64-bit integer as protobufjs hands it out: an object of two halves, or a number where it fits. */
export type Int64 = number | { low: number; high: number; unsigned: boolean };

/** The decoded messages. Absent singular fields read as their default through the prototype. */
export interface ModelMessage {
  irVersion: Int64;
  graph?: GraphMessage | null;
  opsetImport: OpsetMessage[];
  functions: FunctionMessage[];
}
export interface OpsetMessage {
  domain: string;
  version: Int64;
}
export interface GraphMessage {
  node: NodeMessage[];
  name: string;
  initializer: TensorMessage[];
  input: ValueInfoMessage[];
  output: ValueInfoMessage[];
  valueInfo: ValueInfoMessage[];
  sparseInitializer: unknown[];
}
export interface NodeMessage {
  input: string[];
  output: string[];
  name: string;
  opType: string;
  attribute: AttributeMessage[];
  domain: string;
  overload: string;
}
export interface AttributeMessage {
  name: string;
  f: number;
  i: Int64;
  s: Uint8Array;
  t?: TensorMessage | null;
  g?: GraphMessage | null;
  floats: number[];
  ints: Int64[];
  strings: Uint8Array[];
  tensors: TensorMessage[];
  graphs: GraphMessage[];
  type: number;
  refAttrName: string;
}
export interface TensorMessage {
  dims: Int64[];
  dataType: number;
  floatData: number[];
  int32Data: number[];
  stringData: Uint8Array[];
  int64Data: Int64[];
  name: string;
  rawData: Uint8Array;
  doubleData: number[];
  uint64Data: Int64[];
  externalData: { key: string; value: string }[];
  dataLocation: number;
  heldOffset: number;
  heldLength: number;
}
export interface ValueInfoMessage {
  name: string;
  type?: { tensorType?: { elemType: number; shape?: { dim: DimensionMessage[] } | null } | null } | null;
}
export interface DimensionMessage {
  dimValue: Int64;
  dimParam: string;
}
export interface FunctionMessage {
  name: string;
  input: string[];
  output: string[];
  node: NodeMessage[];
  opsetImport: OpsetMessage[];
  domain: string;
  attributeProto: AttributeMessage[];
  overload: string;
}

/** Kinds of attribute, by the number that ONNX gives them. */
export const attributeKind = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;
