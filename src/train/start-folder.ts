import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { PalError } from '../errors.js'
import { shippedModel, shippedModels } from '../hub/find-model.js'
import type { LoadedRecipe } from './recipe/recipe.js'

/**
 * Where the model lies that a recipe starts from: a folder beside the recipe, or one that ships, by its name.
 * @throws PalError if there is neither
 */
export function startFolder({ file }: Pick<LoadedRecipe, 'file'>, model: string): string {
  const beside = resolve(dirname(file), model)
  if (existsSync(beside)) return beside
  const shipped = shippedModel(model)
  if (shipped !== undefined) return shipped
  throw new PalError(
    `expected the folder of a model, relative to the recipe, or the name of one that ships (${shippedModels().join(', ')}), got "${model}"`,
    { file, key: 'start.model' },
  )
}
