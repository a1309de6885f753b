import { PalError } from '../../errors.js'

type Shapes = ReadonlyMap<string, { readonly shape: readonly number[] }>

/**
 * Weights must be exactly those that a configuration describes.
 * @param file that the weights are in, for messages
 * @throws PalError naming the tensors that are missing or unknown, or the one that has another shape
 */
export function checkTensors(file: string, stored: Shapes, expected: Shapes): void {
  const missing = [...expected.keys()].filter((name) => !stored.has(name))
  if (missing.length > 0) {
    throw new PalError(
      `expected the tensors that config.json describes, but these are missing: ${some(missing)}`,
      { file },
    )
  }
  const extra = [...stored.keys()].filter((name) => !expected.has(name))
  if (extra.length > 0) {
    throw new PalError(
      `expected only the tensors that config.json describes, but these are unknown: ${some(extra)}`,
      { file },
    )
  }
  for (const [name, { shape }] of expected) {
    const given = stored.get(name)!.shape
    if (given.join() === shape.join()) continue
    throw new PalError(`expected shape [${shape.join(', ')}], got [${given.join(', ')}]`, { file, key: name })
  }
}

/** A list for a message: the first few, and how many there are besides. */
function some(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ')
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown
}
