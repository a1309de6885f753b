import { readClips } from '../data/clips/read-clips.js'
import { vocabularyOf } from '../data/questions/vocabulary.js'
import { PalError } from '../errors.js'
import { loadRecipe } from '../train/recipe/load-recipe.js'
import type { Recipe } from '../train/recipe/recipe.js'
import { type LoadSetsOptions, loadSets } from '../train/sources.js'
import { expectAsked, expectTasks } from './expect-tasks.js'
import { clipItems, clipTasks, type EvalSet, type ItemOptions } from './items.js'
import { QUESTIONS_RATE } from './rate.js'

export interface RecipeItemsOptions
  extends Required<Omit<ItemOptions, 'heard'>>,
    Pick<LoadSetsOptions, 'onProgress' | 'onWarning' | 'signal'> {
  /** Only these. @default all */
  readonly tasks?: readonly string[] | undefined
  /** Hz at which recordings are read: what the model hears at. */
  readonly sampleRate: number
}

/**
 * What is asked about the recordings that a recipe holds out.
 * @throws PalError if it holds none out, before any is decoded for a task that there is not, and for one that cannot be asked of them
 */
export async function recipeItems(
  file: string,
  changes: readonly string[],
  { seed, scenes, wordings, tasks, sampleRate, onWarning, ...decoding }: RecipeItemsOptions,
): Promise<EvalSet> {
  const { recipe } = await loadRecipe(file, changes)
  const heldOut = Object.entries(recipe.data.sets).filter(([, set]) => set.heldOut.length > 0)
  if (heldOut.length > 0) expectTasks(tasks, clipTasks(heldOut.map(([name]) => name)))
  const known = vocabularyOf(await labelsOf(recipe))
  const sets = await loadSets(recipe, 'held-out', QUESTIONS_RATE, {
    ...decoding,
    ...(onWarning && { onWarning }),
  })
  const heard =
    sampleRate === QUESTIONS_RATE ? sets : await loadSets(recipe, 'held-out', sampleRate, decoding)
  if (sets.size === 0) {
    throw new PalError('expected recordings that are held out, got none', {
      file,
      key: 'data.sets.*.heldOut',
      hint: 'Name the groups to ask about, for instance data.sets.esc10.heldOut=[4].',
    })
  }
  const asked = clipItems(sets, known, { seed, scenes, wordings, heard })
  expectAsked(
    tasks,
    asked.items.map(({ task }) => task),
  )
  return asked
}

/** All labels of a recipe's recordings, held out or not. */
async function labelsOf({ data }: Recipe) {
  const sets = Object.entries(data.sets).map(([name, { heldOut: _, ...set }]) =>
    readClips({ name, ...set }, data.root),
  )
  return (await Promise.all(sets)).flat()
}
