import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { type BlockProducts, readInBlocks } from './blocks.js'
import { fuseResidualNorms } from './fuse.js'
import { neededNodes } from './needed-nodes.js'
import type { BlockFormat } from './stored-matrix.js'
import {
  type Attribute,
  CONSTANT,
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

/** Where the numbers of a weight lie that is stored in blocks. */
export interface BlockData extends BlockFormat {
  readonly values: ExternalData
  readonly scales: ExternalData
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
  { blockProducts = 'fewRows' }: { readonly blockProducts?: BlockProducts } = {},
): OnnxModel {
  const { outputs: written, places } = withoutBlocks(outputs, externalData, blockProducts)
  const read = Object.values(written)
  const nodes = fuseResidualNorms(neededNodes(read), read)
  const inputs: { name: string; shape: Shape; dtype: DType }[] = []
  const model = new BinaryWriter()
  model.tag(1, VARINT).int64(10) // ir_version
  model.tag(2, LENGTH).string('pal-audio') // producer_name
  message(model, 7, (graph) => {
    for (const node of nodes) {
      const [tensor] = node.outputs as readonly [Tensor]
      if (node.operation === CONSTANT) {
        message(graph, 5, (writer) => writeConstant(writer, tensor))
      } else if (node.operation === PARAMETER || node.operation === INPUT) {
        const external = node.operation === PARAMETER ? places.get(tensor.name) : undefined
        if (external) message(graph, 5, (writer) => writeExternal(writer, tensor, external))
        else inputs.push(tensor)
      } else {
        message(graph, 1, (writer) => writeNode(writer, node))
        // Which lengths are the same the runtime cannot find out by itself, and looks long for memory to use again.
        for (const output of node.outputs) {
          if (output.name) message(graph, 13, (writer) => writeValueInfo(writer, output))
        }
      }
    }
    for (const [name, tensor] of Object.entries(written)) {
      message(graph, 1, (writer) => {
        writer
          .tag(1, LENGTH)
          .string(tensor.name)
          .tag(2, LENGTH)
          .string(name)
          .tag(4, LENGTH)
          .string('Identity')
      })
      message(graph, 12, (writer) => writeValueInfo(writer, { ...tensor, name }))
    }
    graph.tag(2, LENGTH).string('pal')
    for (const input of inputs) message(graph, 11, (writer) => writeValueInfo(writer, input))
  })
  for (const [domain, version] of [
    ['', 20],
    ['com.microsoft', 1],
  ] as const) {
    message(model, 8, (writer) => writer.tag(1, LENGTH).string(domain).tag(2, VARINT).int64(version))
  }
  return { bytes: model.finish(), inputs, outputs: Object.keys(outputs) }
}

/** The outputs as they are computed from what lies in files, and where it lies, by the names of parameters. */
function withoutBlocks(
  outputs: Readonly<Record<string, Tensor>>,
  externalData: (parameter: string) => ExternalData | BlockData | undefined,
  blockProducts: BlockProducts,
): {
  readonly outputs: Readonly<Record<string, Tensor>>
  readonly places: ReadonlyMap<string, ExternalData>
} {
  const places = new Map<string, ExternalData>()
  const inBlocks = new Map<string, BlockData>()
  const parameters = neededNodes(Object.values(outputs)).filter(({ operation }) => operation === PARAMETER)
  for (const { name } of parameters.flatMap((node) => node.outputs)) {
    const data = externalData(name)
    if (data && 'bits' in data) inBlocks.set(name, data)
    else if (data) places.set(name, data)
  }
  if (inBlocks.size === 0) return { outputs, places }
  const read = readInBlocks(outputs, inBlocks, blockProducts)
  for (const [name, { weight, part, start, count, of }] of read.parts) {
    const { location, offset, length } = inBlocks.get(weight)![part]
    const ofRow = length / of
    places.set(name, { location, offset: offset + start * ofRow, length: count * ofRow })
  }
  return { outputs: read.outputs, places }
}

const VARINT = 0
const LENGTH = 2
const FIXED32 = 5
const ELEMENT_TYPES: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  uint4: 21,
}

function writeNode(writer: BinaryWriter, node: Node): void {
  for (const input of node.inputs) writer.tag(1, LENGTH).string(input.name)
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
  const data = tensor.graph.numbers(tensor)
  writeTensorHead(writer, tensor)
  writer.tag(9, LENGTH).bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}

function writeExternal(
  writer: BinaryWriter,
  tensor: Tensor,
  { location, offset, length }: ExternalData,
): void {
  writeTensorHead(writer, tensor)
  for (const [key, value] of Object.entries({ location, offset, length })) {
    message(writer, 13, (entry) => entry.tag(1, LENGTH).string(key).tag(2, LENGTH).string(String(value)))
  }
  writer.tag(14, VARINT).int32(1) // data_location: EXTERNAL
}

function writeTensorHead(writer: BinaryWriter, { shape, dtype, name }: Tensor): void {
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

/** A message within another, in the same buffer: one of its own would be another buffer, as large as all that it holds. */
function message(writer: BinaryWriter, field: number, write: (writer: BinaryWriter) => unknown): void {
  writer.tag(field, LENGTH).fork()
  write(writer)
  writer.join()
}
