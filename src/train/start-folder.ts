import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { shippedModel } from '../hub/find-model.js'
import type { LoadedRecipe } from './recipe/recipe.js'

/** Where the model lies that a recipe starts from: a folder beside the recipe, or one that ships, by its name. */
export function startFolder({ file }: Pick<LoadedRecipe, 'file'>, model: string): string {
  const beside = resolve(dirname(file), model)
  return existsSync(beside) ? beside : (shippedModel(model) ?? beside)
}
