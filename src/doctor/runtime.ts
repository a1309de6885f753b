import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { probe } from '../runtime/probe.js'
import { listProviders, Runtime } from '../runtime/runtime.js'
import { type Check, check } from './check.js'

/** Loads ONNX Runtime and computes with it on the processor. */
export function checkRuntime(): Promise<Check> {
  return check(
    'ONNX Runtime',
    async () => {
      const runtime = await Runtime.start({ threads: 1 })
      try {
        await probe(runtime, 'cpu')
      } finally {
        await runtime.close()
      }
      return { found: 'computes on the processor (--provider cpu)' }
    },
    'Install again, on a platform that onnxruntime-node has binaries for: Linux, macOS and Windows on x64 or arm64.',
  )
}

/** Tries the other execution providers that ONNX Runtime came with. */
export function checkAccelerators(): Promise<Check> {
  return check(
    'accelerators',
    async () => {
      const others = (await listProviders()).filter((provider) => provider !== 'cpu')
      const working = others.filter(works)
      if (working.length > 0) return { found: working.map((name) => `--provider ${name}`).join(', ') }
      return {
        status: 'missing',
        found: `none of ${others.join(', ') || 'those that there are'} works here`,
        advice:
          'Not needed. For CUDA, install the NVIDIA driver and let onnxruntime-node fetch its CUDA libraries; for WebGPU, a Vulkan, Metal or DirectX 12 driver.',
      }
    },
    'Install again.',
  )
}

function works(provider: string): boolean {
  const script = fileURLToPath(new URL('./probe-provider.js', import.meta.url))
  return spawnSync(process.execPath, [script, provider], { stdio: 'ignore', timeout: 30_000 }).status === 0
}
