import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { RECIPE, TRAINING } from './origin.js'

/**
 * The stages that a model, or a finished run, has been through which heard what its recipe holds out (`hears: all`), by the recipe
 * and the stages that training writes into its folder. None where nothing there says so: it is to warn by, and who cannot read
 * an old recipe any more may still be asked.
 * @param asked a recipe that counts as the model's where it names this one and does not lie beside it: so do models that ship
 */
export async function heldOutHeard(folder: string, asked?: string): Promise<readonly string[]> {
  const [own, done] = [await read(join(folder, RECIPE)), await read(join(folder, TRAINING))]
  const named = own || asked === undefined ? undefined : await read(asked)
  const planned = own ?? (named?.name !== undefined && named.name === done?.recipe ? named : undefined)
  const heard = planned?.stages.filter(({ hears }) => hears === 'all') ?? []
  // The model of a stage lies beside the recipe of all of them.
  return heard
    .map(({ name }) => name)
    .filter((name) => done?.stages.some((stage) => stage.name === name) ?? true)
}

/** Of a recipe and of `training.json`, which is YAML, too. */
const written = z.object({
  name: z.string().optional(),
  recipe: z.string().optional(),
  stages: z.array(z.object({ name: z.string(), hears: z.string().optional() })),
})

async function read(file: string): Promise<z.output<typeof written> | undefined> {
  try {
    return written.safeParse(parse(await readFile(file, 'utf8'))).data
  } catch {
    return undefined
  }
}
