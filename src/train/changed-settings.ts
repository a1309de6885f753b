import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { BaseRecords } from '../model/config/model-description.js'
import { quoted } from '../quoted.js'
import { keptRecipe, RECIPE } from './origin.js'
import type { Recipe } from './recipe/recipe.js'
import { isSettings, type Settings } from './recipe/setting-path.js'

/**
 * What of a recipe is another than that of the run in a folder, as `stages.0.steps 200 instead of 100`; what a run may go on with
 * all the same is left out. Where files lay is not kept: of such changes nothing is known. Nor is anything known where what is kept
 * is damaged.
 */
export async function changedSettings(
  folder: string,
  recipe: Recipe,
  bases: BaseRecords | undefined,
): Promise<readonly string[]> {
  const before = await kept(folder)
  // As it is read back.
  const now: unknown = JSON.parse(JSON.stringify(keptRecipe(recipe, bases)))
  if (!isSettings(before) || !isSettings(now)) return []
  return differences({ ...WITHOUT_SETS, ...before }, { ...WITHOUT_SETS, ...now }, '')
}

/** What a folder keeps of its run's recipe, if that can be read: the run is refused for another reason, which is to be told. */
async function kept(folder: string): Promise<unknown> {
  try {
    return parse(await readFile(join(folder, RECIPE), 'utf8'))
  } catch {
    return undefined
  }
}

/** Where there are no sets, older runs kept that, and newer ones keep nothing. */
const WITHOUT_SETS = { data: { sets: {} } }

function differences(before: Settings, now: Settings, at: string): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((key) => {
    const [path, was, is] = [`${at}${key}`, before[key], now[key]]
    if (isSettings(was) && isSettings(is)) return differences(was, is, `${path}.`)
    return was === is || mayChange(path, was, is) ? [] : [`${path} ${said(is)} instead of ${said(was)}`]
  })
}

/** Whether a setting does not shape the weights: how much is kept of what encoders make does not, unless it is nothing. */
function mayChange(path: string, was: unknown, is: unknown): boolean {
  return UNSHAPING.test(path) || (path === 'featureCacheGiB' && was !== 0 && is !== 0)
}

const UNSHAPING = /^(saveEvery|dtype|data\.sets\.[^.]+\.source)$/

const said = (value: unknown) => (value === undefined ? 'not set' : quoted(value))
