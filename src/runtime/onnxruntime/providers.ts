import koffi from 'koffi'
import { type Api, type ApiFunction, api, type Pointer, returned, returnedNumber, stringAt } from './api.js'

/** What execution providers are called here, and in ONNX Runtime. */
const PROVIDERS: Readonly<Record<string, string>> = {
  cpu: 'CPUExecutionProvider',
  webgpu: 'WebGpuExecutionProvider',
  dml: 'DmlExecutionProvider',
  coreml: 'CoreMLExecutionProvider',
  cuda: 'CUDAExecutionProvider',
  tensorrt: 'TensorrtExecutionProvider',
}

/** The execution providers that this build of ONNX Runtime knows; a device or a driver may be missing. */
export function availableProviders(): readonly string[] {
  const available = providersOf(api())
  return Object.keys(PROVIDERS).filter((name) => available.has(PROVIDERS[name]!))
}

function providersOf({ GetAvailableProviders, ReleaseAvailableProviders }: Api): ReadonlySet<string> {
  let names = 0n as Pointer
  const length = returnedNumber((length) => {
    const into = new BigUint64Array(1)
    GetAvailableProviders(into, length)
    names = into[0] as Pointer
  })
  const found = new Set<string>()
  for (let i = 0; i < length; i++) found.add(stringAt(koffi.decode(names, 8 * i, 'void *') as Pointer))
  ReleaseAvailableProviders(names, length)
  return found
}

/**
 * Lets a session use an execution provider before the processor, which every session falls back to.
 * @throws Error if this build lacks it, or its own libraries are missing
 */
export function appendProvider(options: Pointer, provider: string): void {
  if (provider === 'cpu') return
  const functions = api()
  switch (provider) {
    case 'cuda':
      appendWithSettings(options, {
        create: functions.CreateCUDAProviderOptions,
        append: functions.SessionOptionsAppendExecutionProvider_CUDA_V2,
        release: functions.ReleaseCUDAProviderOptions,
      })
      break
    case 'tensorrt':
      appendWithSettings(options, {
        create: functions.CreateTensorRTProviderOptions,
        append: functions.SessionOptionsAppendExecutionProvider_TensorRT_V2,
        release: functions.ReleaseTensorRTProviderOptions,
      })
      break
    default:
      functions.SessionOptionsAppendExecutionProvider(options, PROVIDERS[provider] ?? provider, null, null, 0)
  }
}

/** NVIDIA's have settings of types of their own; they stay as they are made. */
function appendWithSettings(
  options: Pointer,
  { create, append, release }: Readonly<Record<'create' | 'append' | 'release', ApiFunction>>,
): void {
  const settings = returned((into) => create(into))
  try {
    append(options, settings)
  } finally {
    release(settings)
  }
}
