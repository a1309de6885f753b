import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

/**
 * The stages that a model, or a finished run, has been through which heard what its recipe holds out (`hears: all`), by the recipe
 * and the stages that training writes into its folder. None where nothing there says so: it is to warn by, and who cannot read
 * an old recipe any more may still be asked.
 */
export async function heldOutHeard(folder: string): Promise<readonly string[]> {
  const [planned, done] = await Promise.all(
    ['recipe.yaml', 'training.json'].map((name) => stagesIn(join(folder, name))),
  )
  const heard = planned?.filter(({ hears }) => hears === 'all') ?? []
  // The model of a stage lies beside the recipe of all of them.
  return heard.map(({ name }) => name).filter((name) => done?.some((stage) => stage.name === name) ?? true)
}

const written = z.object({ stages: z.array(z.object({ name: z.string(), hears: z.string().optional() })) })

async function stagesIn(file: string) {
  try {
    return written.safeParse(parse(await readFile(file, 'utf8'))).data?.stages
  } catch {
    return undefined
  }
}
