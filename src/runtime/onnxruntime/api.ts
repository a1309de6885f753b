import koffi from 'koffi'
import { loadLibrary } from './library.js'

/** An address of C's, such as that of an object of ONNX Runtime's. */
export type Pointer = bigint & { readonly pointer: true }

/** What C's parameters are given. Memory is given by its address, and must stay referred to as long as that is used. */
export type Argument = Pointer | number | string | null | ArrayBufferView

/** A function that throws what the status that it returns says. */
export type ApiFunction = (...given: readonly Argument[]) => void

export interface Api extends Readonly<Record<keyof typeof FUNCTIONS, ApiFunction>> {
  /** Of ONNX Runtime. */
  readonly version: string
}

/** The first version that has all of the functions below. */
const API_VERSION = 18

/**
 * Those functions of `struct OrtApi` that are called here, by their place in it and with their parameters, as
 * include/onnxruntime/core/session/onnxruntime_c_api.h of ONNX Runtime declares them: later versions only append to it.
 * Arrays, and what is written, are void *, because memory of ours is given for them.
 */
const FUNCTIONS = {
  CreateEnv: [3, 'int severity, const char *id, void *env'],
  CreateSessionFromArray: [8, 'void *env, void *model, size_t bytes, void *options, void *session'],
  Run: [
    9,
    'void *session, void *options, void *input_names, void *inputs, size_t inputs_length, void *output_names, size_t outputs_length, void *outputs',
  ],
  CreateSessionOptions: [10, 'void *options'],
  DisableMemPattern: [17, 'void *options'],
  DisableCpuMemArena: [19, 'void *options'],
  SetSessionLogSeverityLevel: [22, 'void *options, int severity'],
  SetSessionGraphOptimizationLevel: [23, 'void *options, int level'],
  SetIntraOpNumThreads: [24, 'void *options, int threads'],
  SetInterOpNumThreads: [25, 'void *options, int threads'],
  SessionGetInputCount: [30, 'void *session, void *count'],
  SessionGetOutputCount: [31, 'void *session, void *count'],
  SessionGetInputName: [36, 'void *session, size_t index, void *allocator, void *name'],
  SessionGetOutputName: [37, 'void *session, size_t index, void *allocator, void *name'],
  CreateTensorWithDataAsOrtValue: [
    49,
    'void *memory_info, void *data, size_t bytes, void *shape, size_t rank, int type, void *value',
  ],
  GetTensorMutableData: [51, 'void *value, void *data'],
  GetTensorElementType: [60, 'void *info, void *type'],
  GetDimensionsCount: [61, 'void *info, void *rank'],
  GetDimensions: [62, 'void *info, void *shape, size_t rank'],
  GetTensorTypeAndShape: [65, 'void *value, void *info'],
  CreateCpuMemoryInfo: [69, 'int allocator, int type, void *memory_info'],
  AllocatorFree: [76, 'void *allocator, void *memory'],
  GetAllocatorWithDefaultOptions: [78, 'void *allocator'],
  ReleaseMemoryInfo: [94, 'void *memory_info'],
  ReleaseSession: [95, 'void *session'],
  ReleaseValue: [96, 'void *value'],
  ReleaseTensorTypeAndShapeInfo: [99, 'void *info'],
  ReleaseSessionOptions: [100, 'void *options'],
  GetAvailableProviders: [125, 'void *names, void *length'],
  ReleaseAvailableProviders: [126, 'void *names, int length'],
  AddSessionConfigEntry: [130, 'void *options, const char *key, const char *value'],
  CreateAndRegisterAllocator: [144, 'void *env, void *memory_info, void *arena'],
  ReleaseArenaCfg: [157, 'void *arena'],
  CreateArenaCfgV2: [164, 'void *names, void *values, size_t length, void *arena'],
  SessionOptionsAppendExecutionProvider_TensorRT_V2: [170, 'void *options, void *provider_options'],
  CreateTensorRTProviderOptions: [171, 'void *provider_options'],
  ReleaseTensorRTProviderOptions: [174, 'void *provider_options'],
  UnregisterAllocator: [177, 'void *env, void *memory_info'],
  SessionOptionsAppendExecutionProvider_CUDA_V2: [204, 'void *options, void *provider_options'],
  CreateCUDAProviderOptions: [205, 'void *provider_options'],
  ReleaseCUDAProviderOptions: [208, 'void *provider_options'],
  SessionOptionsAppendExecutionProvider: [
    216,
    'void *options, const char *name, void *keys, void *values, size_t length',
  ],
  AddExternalInitializersFromFilesInMemory: [
    279,
    'void *options, void *names, void *buffers, void *lengths, size_t length',
  ],
} as const satisfies Readonly<Record<string, readonly [place: number, parameters: string]>>

/** For `throwFailure` alone: what they return is no status. */
const GET_ERROR_MESSAGE = 2
const RELEASE_STATUS = 93

let loaded: Api | undefined

/**
 * ONNX Runtime's C API. Each thread has its functions for itself, of one library.
 * @throws PalError if the library is missing
 */
export function api(): Api {
  loaded ??= loadApi()
  return loaded
}

function loadApi(): Api {
  const base = loadLibrary().func('void *OrtGetApiBase()')() as Pointer
  const getApi = functionAt(base, 0, 'void *', 'uint32_t version')
  const getVersionString = functionAt(base, 1, 'const char *', '')
  const version = getVersionString() as string
  const table = getApi(API_VERSION) as Pointer | null
  if (!table) throw new Error(`expected ONNX Runtime with version ${API_VERSION} of its API, got ${version}`)

  const getErrorMessage = functionAt(table, GET_ERROR_MESSAGE, 'const char *', 'void *status')
  const releaseStatus = functionAt(table, RELEASE_STATUS, 'void', 'void *status')
  const throwFailure = (status: Pointer): never => {
    const message = getErrorMessage(status) as string
    releaseStatus(status)
    throw new Error(message)
  }
  const functions = Object.entries(FUNCTIONS).map(([name, [place, parameters]]) => {
    // Nothing comes back from those that release an object, but for one.
    if (name.startsWith('Release') && name !== 'ReleaseAvailableProviders') {
      return [name, functionAt(table, place, 'void', parameters)] as const
    }
    const call = functionAt(table, place, 'void *', parameters)
    const checked: ApiFunction = (...given) => {
      const status = call(...given) as Pointer | null
      if (status) throwFailure(status)
    }
    return [name, checked] as const
  })
  return { version, ...(Object.fromEntries(functions) as Record<keyof typeof FUNCTIONS, ApiFunction>) }
}

/** @param place in a struct of nothing but pointers to functions */
function functionAt(
  table: Pointer,
  place: number,
  result: string,
  parameters: string,
): (...given: readonly Argument[]) => unknown {
  const address = koffi.decode(table, place * BYTES_OF_POINTER, 'void *') as Pointer
  return koffi.decode(address, koffi.proto(`${result}(${parameters})`))
}

const BYTES_OF_POINTER = koffi.sizeof('void *')

/** What a function of C's writes for its caller: a pointer, or a size_t. */
export function returned(call: (into: BigUint64Array) => void): Pointer {
  slot[0] = 0n
  call(slot)
  return slot[0] as Pointer
}

// One is enough: a function writes there last of all.
const slot = new BigUint64Array(1)

/** The same, of a size_t or an int. */
export function returnedNumber(call: (into: BigUint64Array) => void): number {
  return Number(returned(call))
}

export function addressOf(memory: ArrayBufferView): Pointer {
  return koffi.address(memory) as Pointer
}

/** The string that C has at an address. */
export function stringAt(address: Pointer): string {
  return koffi.decode.string(address)
}
