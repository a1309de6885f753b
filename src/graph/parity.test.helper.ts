import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openSafetensors, readTensor } from '../weights/safetensors.js'

/** What reference/ has computed: numbers by name, and what they mean. */
export interface Reference {
  readonly metadata: Readonly<Record<string, string>>
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>
}

/** Reads a file of src/. The compiler does not copy fixtures, so they are found from the package's root. */
export async function readReference(path: string): Promise<Reference> {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'src', path))) folder = dirname(folder)
  const { tensors, metadata } = await openSafetensors(join(folder, 'src', path))
  const read = await Promise.all(
    [...tensors].map(
      async ([name, stored]) => [name, { shape: stored.shape, data: await readTensor(stored) }] as const,
    ),
  )
  return { metadata, tensors: new Map(read) }
}

/** ‖actual − expected‖ / ‖expected‖. */
export function relativeError(
  actual: ArrayLike<number | bigint> | undefined,
  expected: ArrayLike<number>,
): number {
  if (actual?.length !== expected.length) return Number.POSITIVE_INFINITY
  let [difference, size] = [0, 0]
  for (let i = 0; i < expected.length; i++) {
    difference += (Number(actual[i]) - Number(expected[i])) ** 2
    size += Number(expected[i]) ** 2
  }
  return Math.sqrt(difference / size)
}
