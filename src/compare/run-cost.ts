import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Machine } from '../bench/machine.js'
import { readOwnJson } from '../own-json.js'
import { writeAtomically } from '../weights/write-atomically.js'

/** What one run cost, as its `cost.json` keeps it. */
export interface RunCost {
  /** The median over `answeringSteps`; the few that compile their shape do not move it. */
  readonly stepMilliseconds: number
  /** Over the same steps. */
  readonly recordingsPerSecond: number
  /** Of the process that finished it. */
  readonly peakMemoryMiB: number
  readonly trainedParameters: number
  /** It was stopped, and gone on with by another process. */
  readonly resumed?: true
  /** Where and when the run was finished; older folders do not say. */
  readonly machine?: Machine
  readonly date?: string
  /** A hash of all settings that shaped the run, and one of what it drew from; older folders do not say the latter. */
  readonly trainedWith?: string
  readonly trainedOn?: string
}

export async function keepCost(folder: string, cost: RunCost): Promise<void> {
  await writeAtomically(join(folder, COST), `${JSON.stringify(cost, null, 2)}\n`)
}

/** What the run of a folder cost, if it is finished. @throws PalError for a file that is damaged */
export async function readCost(folder: string): Promise<RunCost | undefined> {
  const file = join(folder, COST)
  return existsSync(file) ? readOwnJson(file, schema, 'what a run cost', MEASURED_ANEW) : undefined
}

const COST = 'cost.json'

/** Model and metrics lie beside it, so that training has nothing left to do. */
const MEASURED_ANEW =
  'Put back a sound copy. Or remove it and give the recipe: it is written anew without training, but for the memory that this took.'

const machine: z.ZodType<Machine> = z.object({
  ...{ processor: z.string(), cores: z.number(), memoryGiB: z.number() },
  ...{ system: z.string(), node: z.string(), load: z.number() },
})

const schema: z.ZodType<RunCost> = z.object({
  ...{ stepMilliseconds: z.number(), recordingsPerSecond: z.number() },
  ...{ peakMemoryMiB: z.number(), trainedParameters: z.number() },
  ...{ resumed: z.literal(true).exactOptional(), machine: machine.exactOptional() },
  date: z.string().exactOptional(),
  ...{ trainedWith: z.string().exactOptional(), trainedOn: z.string().exactOptional() },
})
