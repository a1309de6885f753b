import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PalError } from '../errors.js'
import { mendKeptLines } from '../kept-lines.js'
import type { Ranks } from '../parallel/ranks.js'
import { writeAtomically } from '../weights/write-atomically.js'
import { type EvalIdentity, settingSaid } from './identity.js'
import { IDENTITY, readIdentity, readSamples, SAMPLES, sampleLines } from './kept-answers.js'
import type { Sample } from './sample.js'

/**
 * The answers that a folder has so far, whoever gave them; on rank 0 it is made, and mended after a kill.
 * @throws PalError if it holds the answers to other questions, or of another model, or is not rank 0's
 */
export async function openFolder(
  folder: string,
  identity: EvalIdentity,
  { rank }: Ranks,
): Promise<readonly Sample[]> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, IDENTITY)
  const known = await readIdentity(folder)
  if (known) checkIdentity(known, identity, path)
  else if (rank === 0) await writeIdentity(folder, identity)
  else {
    throw new PalError('expected the folder that rank 0 writes to, got an empty one', {
      file: folder,
      hint: 'All machines need a file system that they share.',
    })
  }
  if (rank === 0) {
    await joinParts(folder)
    await mendKeptLines(join(folder, SAMPLES))
  }
  return readSamples(folder)
}

/** A folder without an answer is nobody's: who cannot ask leaves it to other questions and models. */
export async function letGo(folder: string): Promise<void> {
  if ((await readSamples(folder)).length > 0) return
  await rm(join(folder, IDENTITY), { force: true })
}

/** Where a rank keeps what it is answered: of several each in a file of its own, until all is done. */
export function samplesFile(folder: string, { rank, size }: Ranks): string {
  return join(folder, size === 1 ? SAMPLES : `samples.${rank}.jsonl`)
}

export async function writeSamples(folder: string, samples: readonly Sample[]): Promise<void> {
  await writeAtomically(
    join(folder, SAMPLES),
    samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''),
  )
}

export async function writeIdentity(folder: string, identity: EvalIdentity): Promise<void> {
  await writeAtomically(join(folder, IDENTITY), `${JSON.stringify(identity, null, 2)}\n`)
}

/** What ranks that were stopped have left in files of their own comes to the rest. */
async function joinParts(folder: string): Promise<void> {
  const parts = await partsIn(folder)
  if (parts.length === 0) return
  // Ranks of two jobs may have shared a part, before folders had a lock.
  const found = await Promise.all(parts.map(async (name) => (await sampleLines(folder, name)).once))
  const answers = [...(await readSamples(folder)), ...found.flat().map(({ value }) => value)]
  await writeSamples(folder, [...new Map(answers.map((sample) => [sample.id, sample])).values()])
  await removeParts(folder)
}

/** The files of single ranks, once all that they hold is in the one of all. */
export async function removeParts(folder: string): Promise<void> {
  for (const name of await partsIn(folder)) await rm(join(folder, name))
}

async function partsIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => /^samples\.\d+\.jsonl$/.test(name))
}

function checkIdentity(known: EvalIdentity, identity: EvalIdentity, file: string): void {
  const { scorer: judgedBy = 'an older one', ...before } = known
  const { scorer, ...now } = identity
  const others = [...new Set([...Object.keys(now), ...Object.keys(before)])]
    .filter((key) => now[key] !== before[key])
    .map(
      (key) =>
        `another "${key}" (${settingSaid(key, before[key])} there, ${settingSaid(key, now[key])} here)`,
    )
  if (others.length > 0) {
    throw new PalError(
      `expected a folder for these questions and this model, got one with ${others.join(', ')}`,
      {
        file,
        hint: 'Give another folder with --out, or remove this one to ask anew.',
      },
    )
  }
  if (scorer !== undefined && scorer !== judgedBy) {
    throw new PalError(`expected answers judged by scorer ${scorer}, got ones by ${judgedBy}`, {
      file,
      key: 'scorer',
      hint: 'Judge them again, without a model, with --rescore.',
    })
  }
}
