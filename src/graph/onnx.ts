import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { type BlockData, type BlockInitializer, blockNode } from './blocks.js'
import { fuseResidualNorms } from './fuse.js'
import {
  type Attribute,
  CONSTANT,
  type ConstantData,
  type DType,
  INPUT,
  type Node,
  PARAMETER,
  type Shape,
  type Tensor,
} from './tensor.js'

/** Where a weight's numbers lie: a stretch of a file beside the model. */
export interface ExternalData {
  /** File name, relative to the model's folder. */
  readonly location: string
  /** In bytes. */
  readonly offset: number
  readonly length: number
}

export interface OnnxModel {
  readonly bytes: Uint8Array
  /** What must be fed at each run: inputs, and the parameters that have no external data. */
  readonly inputs: readonly { readonly name: string; readonly shape: Shape; readonly dtype: DType }[]
  readonly outputs: readonly string[]
}

/**
 * Writes what the outputs need as an ONNX model (IR version 10, opset 20). A parameter becomes an initializer
 * that lies in a file when `externalData` knows it, else an input to be fed. What uses a parameter that is stored in
 * blocks is written as blocks.ts says.
 *
 * Field numbers are those of onnx.proto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function writeOnnx(
  outputs: Readonly<Record<string, Tensor>>,
  externalData: (parameter: string) => ExternalData | BlockData | undefined = () => undefined,
): OnnxModel {
  const read = Object.values(outputs)
  const nodes = fuseResidualNorms(neededNodes(read), read)
  const inputs: { name: string; shape: Shape; dtype: DType }[] = []
  const graph = new BinaryWriter()
  const inBlocks = new Map<Tensor, BlockData>()
  const written = new Set<string>()
  for (const node of nodes) {
    const [tensor] = node.outputs as readonly [Tensor]
    if (node.operation === CONSTANT) {
      message(graph, 5, (writer) => writeConstant(writer, tensor))
    } else if (node.operation === PARAMETER || node.operation === INPUT) {
      const external = node.operation === PARAMETER ? externalData(tensor.name) : undefined
      if (!external) inputs.push(tensor)
      else if ('bits' in external) inBlocks.set(tensor, external)
      else message(graph, 5, (writer) => writeExternal(writer, tensor, external))
    } else {
      const weight = node.inputs.find((input) => inBlocks.has(input))
      if (weight) writeInBlocks(node, weight)
      else
        message(graph, 1, (writer) =>
          writeNode(
            writer,
            node,
            node.inputs.map(({ name }) => name),
          ),
        )
    }
  }
  for (const [name, tensor] of Object.entries(outputs)) {
    message(graph, 1, (writer) => {
      writer.tag(1, LENGTH).string(tensor.name).tag(2, LENGTH).string(name).tag(4, LENGTH).string('Identity')
    })
    message(graph, 12, (writer) => writeValueInfo(writer, { ...tensor, name }))
  }
  graph.tag(2, LENGTH).string('pal')
  for (const input of inputs) message(graph, 11, (writer) => writeValueInfo(writer, input))

  const model = new BinaryWriter()
  model.tag(1, VARINT).int64(10) // ir_version
  model.tag(2, LENGTH).string('pal-audio') // producer_name
  model.tag(7, LENGTH).bytes(graph.finish())
  for (const [domain, version] of [
    ['', 20],
    ['com.microsoft', 1],
  ] as const) {
    message(model, 8, (writer) => writer.tag(1, LENGTH).string(domain).tag(2, VARINT).int64(version))
  }
  return { bytes: model.finish(), inputs, outputs: Object.keys(outputs) }

  function writeInBlocks(node: Node, weight: Tensor): void {
    const { type, inputs: names, attributes, initializers } = blockNode(node, weight, inBlocks.get(weight)!)
    for (const initializer of initializers) {
      if (written.has(initializer.name)) continue
      written.add(initializer.name)
      message(graph, 5, (writer) => writeExternal(writer, initializer, initializer.data))
    }
    const operation = { type, domain: 'com.microsoft' } as const
    message(graph, 1, (writer) => writeNode(writer, { ...node, operation, attributes }, names))
  }
}

const VARINT = 0
const LENGTH = 2
const FIXED32 = 5
const ELEMENT_TYPES: Readonly<Record<DType | 'uint8', number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
}

/** What the outputs depend on, in topological order. */
export function neededNodes(outputs: readonly Tensor[]): readonly Node[] {
  const needed = new Set<Node>()
  const pending = outputs.map(({ node }) => node)
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (needed.has(node)) continue
    needed.add(node)
    pending.push(...node.inputs.map((input) => input.node))
  }
  return [...needed].sort((a, b) => a.index - b.index)
}

function writeNode(writer: BinaryWriter, node: Node, inputs: readonly string[]): void {
  for (const input of inputs) writer.tag(1, LENGTH).string(input)
  for (const output of node.outputs) writer.tag(2, LENGTH).string(output.name)
  writer.tag(3, LENGTH).string(`${node.operation.type}_${node.index}`)
  writer.tag(4, LENGTH).string(node.operation.type)
  for (const [name, value] of Object.entries(node.attributes)) {
    message(writer, 5, (attribute) => writeAttribute(attribute, name, value))
  }
  if (node.operation.domain) writer.tag(7, LENGTH).string(node.operation.domain)
}

function writeAttribute(writer: BinaryWriter, name: string, value: Attribute): void {
  writer.tag(1, LENGTH).string(name)
  if (typeof value === 'number') writer.tag(3, VARINT).int64(value).tag(20, VARINT).int32(2)
  else if (typeof value === 'string') {
    writer.tag(4, LENGTH).bytes(new TextEncoder().encode(value)).tag(20, VARINT).int32(3)
  } else if ('float' in value) writer.tag(2, FIXED32).float(value.float).tag(20, VARINT).int32(1)
  else {
    for (const item of value) writer.tag(8, VARINT).int64(item)
    writer.tag(20, VARINT).int32(7)
  }
}

function writeConstant(writer: BinaryWriter, tensor: Tensor): void {
  const data = tensor.graph.constants.get(tensor) as ConstantData
  writeTensorHead(writer, tensor)
  writer.tag(9, LENGTH).bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}

function writeExternal(
  writer: BinaryWriter,
  tensor: Tensor | BlockInitializer,
  { location, offset, length }: ExternalData,
): void {
  writeTensorHead(writer, tensor)
  for (const [key, value] of Object.entries({ location, offset, length })) {
    message(writer, 13, (entry) => entry.tag(1, LENGTH).string(key).tag(2, LENGTH).string(String(value)))
  }
  writer.tag(14, VARINT).int32(1) // data_location: EXTERNAL
}

function writeTensorHead(writer: BinaryWriter, { shape, dtype, name }: Tensor | BlockInitializer): void {
  for (const dim of shape) writer.tag(1, VARINT).int64(Number(dim))
  writer.tag(2, VARINT).int32(ELEMENT_TYPES[dtype])
  writer.tag(8, LENGTH).string(name)
}

function writeValueInfo(
  writer: BinaryWriter,
  { name, shape, dtype }: { name: string; shape: Shape; dtype: DType },
): void {
  writer.tag(1, LENGTH).string(name)
  message(writer, 2, (type) =>
    message(type, 1, (tensorType) => {
      tensorType.tag(1, VARINT).int32(ELEMENT_TYPES[dtype])
      message(tensorType, 2, (shapeWriter) => {
        for (const dim of shape) {
          message(shapeWriter, 1, (dimension) => {
            if (typeof dim === 'number') dimension.tag(1, VARINT).int64(dim)
            else dimension.tag(2, LENGTH).string(dim)
          })
        }
      })
    }),
  )
}

function message(writer: BinaryWriter, field: number, write: (inner: BinaryWriter) => unknown): void {
  const inner = new BinaryWriter()
  write(inner)
  writer.tag(field, LENGTH).bytes(inner.finish())
}
