import koffi from 'koffi'
import type { Value } from '../protocol.js'
import { api, type Pointer, returned, returnedNumber } from './api.js'

/** ONNXTensorElementDataType of onnxruntime_c_api.h. */
const FLOAT = 1
const INT32 = 6
const INT64 = 7

/**
 * A tensor of ONNX Runtime's over memory of ours, which is read and written where it lies. The memory must not be
 * transferred as long as the tensor is not released.
 */
export class Tensor {
  readonly address: Pointer
  /** Held, so that the memory stays. That its address was asked for has moved it off V8's heap, where things move. */
  readonly value: Value

  /** @throws Error if the dimensions do not fit the numbers */
  constructor(value: Value) {
    const { data, dims } = value
    this.value = value
    const shape = BigInt64Array.from(dims, BigInt)
    const where = cpuMemory()
    this.address = returned((into) =>
      api().CreateTensorWithDataAsOrtValue(
        where,
        data,
        data.byteLength,
        shape,
        shape.length,
        typeOf(data),
        into,
      ),
    )
  }

  release(): void {
    api().ReleaseValue(this.address)
  }
}

function typeOf(data: Value['data']): number {
  if (data instanceof Float32Array) return FLOAT
  return data instanceof Int32Array ? INT32 : INT64
}

/** OrtDeviceAllocator and OrtMemTypeDefault: memory of the processor's that comes from no arena of ONNX Runtime's. */
function cpuMemory(): Pointer {
  memoryInfo ??= returned((into) => api().CreateCpuMemoryInfo(0, 0, into))
  return memoryInfo
}

let memoryInfo: Pointer | undefined

/** A copy of a tensor that ONNX Runtime has made. @throws Error if it is of a type that is not known here */
export function copyOf(tensor: Pointer): Value {
  const { type, dims } = typeAndShapeOf(tensor)
  const data = newNumbers(
    type,
    dims.reduce((product, dim) => product * dim, 1),
  )
  if (data.length > 0) {
    copyMemory(
      data,
      returned((into) => api().GetTensorMutableData(tensor, into)),
    )
  }
  return { data, dims }
}

function typeAndShapeOf(tensor: Pointer): { readonly type: number; readonly dims: readonly number[] } {
  const info = returned((into) => api().GetTensorTypeAndShape(tensor, into))
  try {
    const type = returnedNumber((into) => api().GetTensorElementType(info, into))
    const rank = returnedNumber((into) => api().GetDimensionsCount(info, into))
    const shape = new BigInt64Array(rank)
    if (rank > 0) api().GetDimensions(info, shape, rank)
    return { type, dims: Array.from(shape, Number) }
  } finally {
    api().ReleaseTensorTypeAndShapeInfo(info)
  }
}

/** Not filled with zeros first, which would take as long as the copy. Memory of its own, so that it can be transferred. */
function newNumbers(type: number, length: number): Value['data'] {
  const memory = (bytes: number) => Buffer.allocUnsafeSlow(length * bytes).buffer
  switch (type) {
    case FLOAT:
      return new Float32Array(memory(4))
    case INT32:
      return new Int32Array(memory(4))
    case INT64:
      return new BigInt64Array(memory(8))
    default:
      throw new Error(`expected an output of float32, int32 or int64, got element type ${type}`)
  }
}

/** C's memcpy: a view of memory that is not V8's would count as garbage of its size. */
function copyMemory(into: Value['data'], from: Pointer): void {
  memcpy ??= koffi
    .load(process.platform === 'win32' ? 'ntdll.dll' : null)
    .func('void *memcpy(void *into, void *from, size_t bytes)')
  memcpy(into, from, into.byteLength)
}

let memcpy: ((into: Value['data'], from: Pointer, bytes: number) => void) | undefined
