import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { onOneLine } from '../check-options.js'
import { PalError } from '../errors.js'
import { packageFolder } from '../package-folder.js'

/** The model that is used when none is named. */
export const defaultModel = 'pal-tiny'

/**
 * The folder of a model: a path to one, or the name of one that ships with the package.
 * @throws PalError that lists the models there are
 */
export function findModel(name: string = defaultModel): string {
  if (typeof name !== 'string') {
    throw new PalError(`expected the name of a model or the path of its folder, got ${onOneLine(name)}`, {
      key: 'model',
    })
  }
  const folder = shippedModel(name) ?? resolve(name)
  if (isModel(folder)) return folder
  const shipped = shippedModels()
  throw new PalError(
    `expected a folder with a model in it, or the name of a model that ships (${shipped.join(', ') || 'there is none'}), got "${name}"`,
    {
      key: 'model',
      hint: isModel(join(folder, 'model'))
        ? `This is a run. Did you mean ${join(name, 'model')}?`
        : 'A model folder holds config.json and model.safetensors, as `pal train` writes them.',
    },
  )
}

/** The folder of a model that ships with the package. */
export function shippedModel(name: string): string | undefined {
  const folder = join(modelsFolder(), name)
  return isModel(folder) ? folder : undefined
}

/** The names of the models that ship with the package. */
export function shippedModels(): readonly string[] {
  const folder = modelsFolder()
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => isModel(join(folder, name)))
    .sort()
}

function isModel(folder: string): boolean {
  return existsSync(join(folder, 'config.json'))
}

function modelsFolder(): string {
  return join(packageFolder(), 'models')
}
