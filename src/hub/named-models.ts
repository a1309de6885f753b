import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { PalError } from '../errors.js'
import { openGguf } from '../weights/gguf.js'
import { openWeights } from '../weights/open-weights.js'
import { writeAtomically } from '../weights/write-atomically.js'
import { writing } from '../weights/writing.js'
import type { HubSettings } from './settings.js'

/** A model of this machine under a name of its own: nothing is copied, what lies there is checked and remembered. */
export interface NamedModel {
  readonly name: string
  /** The folder or GGUF file. */
  readonly path: string
  /** Its files of weights, by their paths in the folder. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>
}

/**
 * Gives a folder with safetensors, or a GGUF file, a name that it can be used by from anywhere.
 * @throws PalError for weights that are missing or damaged, and for a name that is not one word
 */
export async function nameModel(
  path: string,
  name: string,
  { named }: Pick<HubSettings, 'named'>,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void } = {},
): Promise<NamedModel> {
  if (!/^\w[\w.-]*$/.test(name)) {
    throw new PalError(`expected a name of letters, digits, dots and dashes, got "${name}"`, {
      key: '--name',
    })
  }
  const place = resolve(path)
  const files = await weightFiles(place)
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let done = 0
  const hashed: Record<string, { bytes: number; sha256: string }> = {}
  for (const [i, file] of files.entries()) {
    const hash = createHash('sha256')
    for await (const piece of createReadStream(file, { highWaterMark: 2 ** 20 })) {
      signal?.throwIfAborted()
      hash.update(piece as Buffer)
      done += (piece as Buffer).length
      onProgress?.(done, total)
    }
    hashed[basename(file)] = { bytes: sizes[i]!, sha256: hash.digest('hex') }
  }
  const model = { path: place, files: hashed }
  const hint = 'Set PAL_CACHE to a folder that can be written to.'
  await writing('down the name', { file: named, hint }, async () => {
    await mkdir(named, { recursive: true })
    await writeAtomically(join(named, `${name}.json`), `${JSON.stringify(model, undefined, 2)}\n`)
  })
  return { name, ...model }
}

/** Every model that has been given a name. */
export async function namedModels(settings: Pick<HubSettings, 'named'>): Promise<readonly NamedModel[]> {
  const entries = await readdir(settings.named).catch(() => [] as string[])
  const names = entries.filter((entry) => entry.endsWith('.json')).map((entry) => entry.slice(0, -5))
  const models = await Promise.all(names.sort().map((name) => readNamed(name, settings)))
  return models.filter((model) => model !== undefined)
}

/**
 * The path of a model that has been given a name, or undefined.
 * @throws PalError if what it names has gone or has another size
 */
export async function findNamed(
  name: string,
  settings: Pick<HubSettings, 'named'>,
): Promise<string | undefined> {
  const model = /^\w[\w.-]*$/.test(name) ? await readNamed(name, settings) : undefined
  if (!model) return undefined
  for (const [file, { bytes }] of Object.entries(model.files)) {
    const path = model.path.endsWith('.gguf') ? model.path : join(model.path, file)
    const size = (await stat(path).catch(() => undefined))?.size
    if (size === bytes) continue
    throw new PalError(
      `expected the ${bytes} bytes that were there when "${name}" was named, got ${size === undefined ? 'no file' : size}`,
      { file: path, hint: `Name it again: pal pull ${model.path} --name ${name}` },
    )
  }
  return model.path
}

async function weightFiles(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile()) {
    await openGguf(path)
    return [path]
  }
  if (!found)
    throw new PalError('expected a folder with a model, or a GGUF file, got nothing there', { file: path })
  const tensors = await openWeights(path)
  return [...new Set([...tensors.values()].map(({ file }) => file))]
}

const schema = z.object({
  path: z.string(),
  files: z.record(z.string(), z.object({ bytes: z.number(), sha256: z.string() })),
})

async function readNamed(
  name: string,
  { named }: Pick<HubSettings, 'named'>,
): Promise<NamedModel | undefined> {
  const file = join(named, `${name}.json`)
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    return { name, ...schema.parse(JSON.parse(text)) }
  } catch (cause) {
    throw new PalError('expected what `pal pull --name` writes, got something else', {
      file,
      hint: 'Remove the file, and name the model again.',
      cause,
    })
  }
}
