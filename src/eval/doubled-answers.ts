import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { keepLines } from '../kept-lines.js'
import { alone } from '../run-lock.js'
import { writeSamples } from './answers-folder.js'
import { SAMPLES, sampleLines } from './kept-answers.js'

/** What was set aside, and where it is now. */
export interface SetAside {
  readonly answers: number
  readonly file: string
}

/**
 * Sets answers aside to questions that an earlier line answers, so that a folder can be read again in which two processes have asked:
 * before folders had a lock. Nothing is lost.
 * @returns nothing where there are none
 * @throws PalError for a line that is damaged, and for a folder in which another process asks
 */
export async function setAsideDoubled(folder: string): Promise<SetAside | undefined> {
  if (!existsSync(join(folder, SAMPLES))) return undefined
  return alone(
    folder,
    async () => {
      const { once, doubled } = await sampleLines(folder)
      if (doubled.length === 0) return undefined
      const file = join(folder, 'samples.doubled.jsonl')
      // First: a kill in between leaves them in both.
      await keepLines(
        file,
        doubled.map(({ value }) => value),
      )
      await writeSamples(
        folder,
        once.map(({ value }) => value),
      )
      return { answers: doubled.length, file }
    },
    { another: '--out' },
  )
}
