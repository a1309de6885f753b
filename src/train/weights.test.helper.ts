import { join } from 'node:path'
import { openSafetensors, readTensor } from '../weights/safetensors.js'

/**
 * The largest difference between the weights of two runs, each relative to the largest number of its tensor. A softmax
 * does not see what is added to all of its scores, so the gradient of a key's bias is nothing but rounding, which Adam
 * makes steps of: those say nothing and are left out.
 */
export async function largestDifference(run: string, other: string): Promise<number> {
  const [ours, theirs] = await Promise.all(
    [run, other].map((folder) => openSafetensors(join(folder, 'checkpoint.safetensors'))),
  )
  let largest = 0
  for (const [name, tensor] of theirs!.tensors) {
    if (!name.startsWith('parameter/') || name.endsWith('key.bias')) continue
    const [a, b] = [await readTensor(ours!.tensors.get(name)!), await readTensor(tensor)]
    const scale = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1
    for (let i = 0; i < b.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!) / scale)
  }
  return largest
}
