/**
 * A model in memory, after import: fixed shapes, explicit attributes, every tensor named and typed.
 * Source of operator and type names: the ONNX specification, https://onnx.ai/onnx/.
 */

/** ONNX element types this program carries, by the names of the ONNX specification (lower case). */
export type ElementType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string';

export interface TensorType {
  element: ElementType;
  shape: readonly number[];
}

/** Where a constant's elements are: given by one repeated value, in memory (little-endian), or in a file. */
export type TensorSource =
  | { kind: 'fill'; value: number | bigint }
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'strings'; values: readonly string[] }
  | { kind: 'file'; path: string; offset: number; length: number };

export interface Constant {
  type: TensorType;
  source: TensorSource;
}

export type Attribute =
  | { type: 'int'; value: bigint }
  | { type: 'ints'; value: readonly bigint[] }
  | { type: 'float'; value: number }
  | { type: 'floats'; value: readonly number[] }
  | { type: 'string'; value: string }
  | { type: 'strings'; value: readonly string[] }
  | { type: 'tensor'; value: Constant }
  /** A sub-graph or another rare kind, kept as its ONNX protobuf bytes (AttributeProto). */
  | { type: 'opaque'; value: Uint8Array; captures: readonly string[] };

export interface ModelNode {
  /** Unique in the model. */
  name: string;
  operator: string;
  /** '' for the default ONNX domain. */
  domain: string;
  /** Tensor names; '' for an optional input that is left out. */
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: ReadonlyMap<string, Attribute>;
}

export interface Model {
  name: string;
  irVersion: number;
  /** Opset version by domain. */
  opsets: ReadonlyMap<string, number>;
  inputs: readonly string[];
  outputs: readonly string[];
  /** In topological order. */
  nodes: readonly ModelNode[];
  constants: ReadonlyMap<string, Constant>;
  /** Type of every non-constant tensor (inputs, node outputs). */
  types: ReadonlyMap<string, TensorType>;
}
