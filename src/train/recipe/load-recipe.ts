import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { checkSchema, firstMistake } from '../../check-schema.js'
import { PalError } from '../../errors.js'
import type { ChosenBases } from '../../model/bases/chosen-bases.js'
import { baseChanges, basePaths } from './bases.js'
import { applyChange, type Change, parseChange } from './change.js'
import { checkParts } from './check-parts.js'
import { type LoadedRecipe, type Recipe, recipeSchema } from './recipe.js'
import { put, type Settings, valueAt } from './setting-path.js'
import { type UnknownKey, unknownKey } from './unknown-key.js'
import { type RecipeFile, readRecipeFile } from './yaml.js'

/**
 * Reads a recipe and applies `key=value` changes, whose keys are paths such as `stages.0.steps`.
 * @param chosen the pretrained models to build on, instead of what the recipe says of these parts
 * @throws PalError naming file, line and key of what is missing, unknown or out of range
 */
export async function loadRecipe(
  file: string,
  changes: readonly string[] = [],
  chosen: ChosenBases = {},
): Promise<LoadedRecipe> {
  const written = await readRecipeFile(file)
  const { settings } = written
  const root = valueAt(settings, ROOT)
  placeBeside(file, settings)

  const applied = (change: Change) => {
    const override = applyChange(change, settings, file)
    return change.key === 'data.root' ? { ...override, before: root } : override
  }
  const changed = changes.map(parseChange).map(applied)
  // Last: they keep what else a change has just said of their places.
  const overrides = [...changed, ...baseChanges(chosen, settings).map(applied)]

  const recipe = checked(written, file)
  checkParts(recipe, file)
  return { recipe, file, overrides }
}

const ROOT = ['data', 'root']

/** Paths are relative to the recipe: that of the recordings, and names of models where there is such a folder. */
function placeBeside(file: string, settings: Settings): void {
  const beside = (path: string) => resolve(dirname(file), path)
  const root = valueAt(settings, ROOT)
  if (typeof root === 'string') put(settings, ROOT, beside(root))
  for (const path of basePaths(settings)) {
    const place = beside(String(valueAt(settings, path)))
    if (existsSync(place)) put(settings, path, place)
  }
}

/** What the settings say, as the schema has it. @throws PalError for the first mistake, or rather for a key that is unknown */
function checked({ settings, lineOf }: RecipeFile, file: string): Recipe {
  const { data, error } = checkSchema(recipeSchema, settings)
  if (!error) return data
  const mistake: UnknownKey = unknownKey(error.issues, recipeSchema, settings) ?? firstMistake(error)
  const { message, hint } = mistake
  const path = mistake.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  const line = lineOf(path)
  throw new PalError(message, { file, ...(line && { line }), key: path.join('.'), ...(hint && { hint }) })
}
