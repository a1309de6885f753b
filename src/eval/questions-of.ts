import { isManifestFile } from '../data/manifests/manifest.js'
import { isShards, shardFiles } from '../data/shards/shard-files.js'
import { PalError } from '../errors.js'
import { expectDistinct } from './distinct-items.js'
import { expectTasks } from './expect-tasks.js'
import { firstOfEach } from './first-of-each.js'
import type { EvalSet } from './items.js'
import { contentStamp, fileStamp, type Stamp, stamped } from './kept-items.js'
import { layoutItems, layoutOf } from './layouts/index.js'
import { manifestItems } from './manifest-items.js'
import type { RecipeItemsOptions } from './recipe-items.js'
import { shardItems } from './shard-items.js'

export interface QuestionsOptions extends RecipeItemsOptions {
  /** At most so many questions of each task, drawn by the seed. @default all */
  readonly limit?: number
  /** What rows of a manifest are asked that keep no question. */
  readonly question?: string
}

/**
 * The questions: from the recordings that a recipe holds out, from a manifest's rows, from shards or a data set.
 * @param what a recipe, a manifest, shards, or a data set as layout:path
 * @param changes of the recipe
 * @throws PalError for changes and a question where there can be none, and for a task that there is not
 */
export async function questionsOf(
  what: string,
  changes: readonly string[],
  options: QuestionsOptions,
): Promise<EvalSet> {
  const { tasks, limit, seed } = options
  const [all, stamp] = await readItems(what, changes, options)
  expectDistinct(all.items)
  expectTasks(tasks, [...new Set(all.items.map(({ task }) => task))])
  const chosen = all.items.filter(({ task }) => tasks?.includes(task) ?? true)
  const asked = limit ? firstOfEach(chosen, limit, seed) : chosen
  return { ...all, items: await stamped(asked, stamp) }
}

/** Whether questions are made of what a recipe holds out. */
export async function isRecipe(what: string): Promise<boolean> {
  return (await formOf(what)) === 'recipe'
}

/** All that could be asked, and what its recordings are told apart by. */
async function readItems(
  what: string,
  changes: readonly string[],
  options: QuestionsOptions,
): Promise<[EvalSet, Stamp]> {
  const { question, sampleRate } = options
  const form = await formOf(what)
  if (question !== undefined && form !== 'manifest' && form !== 'shards') {
    throw new PalError('expected a question with a manifest only, whose rows may have none', {
      ...{ file: what, key: '--question' },
    })
  }
  if (form === 'recipe') {
    // What trains, and what reads YAML, is loaded for a recipe alone.
    const { recipeItems } = await import('./recipe-items.js')
    return [await recipeItems(what, changes, options), contentStamp]
  }
  expectAlone(what, changes)
  if (form === 'layout') return [await layoutItems(layoutOf(what)!, sampleRate), fileStamp()]
  if (form === 'manifest') return [await manifestItems(what, sampleRate, question), fileStamp()]
  return [await shardItems(what, sampleRate, question), fileStamp(await shardFiles(what))]
}

/** What questions are read from. */
async function formOf(what: string): Promise<'layout' | 'manifest' | 'shards' | 'recipe'> {
  if (layoutOf(what)) return 'layout'
  if (isManifestFile(what)) return 'manifest'
  return (await isShards(what)) ? 'shards' : 'recipe'
}

/** @throws PalError for what stands beside questions that are written down */
function expectAlone(what: string, [more]: readonly string[]): void {
  if (more === undefined) return
  const isChange = more.includes('=')
  const expected = isChange ? 'changes with a recipe only' : 'one set of questions per call'
  throw new PalError(`expected ${expected}, got "${more}"${isChange ? '' : ' as well'}`, {
    file: what,
    hint: isChange
      ? 'Questions that are written down are asked as they are.'
      : 'Ask each by itself, or write them into one file. Settings of a recipe are given as key=value.',
  })
}
