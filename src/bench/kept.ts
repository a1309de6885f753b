import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { PalError } from '../errors.js'
import { identitySchema, readOwnJson } from '../own-json.js'
import { writeAtomically } from '../weights/write-atomically.js'
import { differences, type Identity } from './identity.js'

/** What a folder of measurements keeps beside its identity, a line of JSON for each. */
export const VISITS = 'visits.jsonl'
export const PEAKS = 'peaks.jsonl'
export const PRODUCTS = 'products.jsonl'

const IDENTITY = 'identity.json'

/**
 * Makes a folder one of measurements of this identity, or finds that it is one.
 * @throws PalError if it holds measurements of another identity, or some that do not say theirs
 */
export async function claimFolder(folder: string, identity: Identity): Promise<void> {
  await mkdir(folder, { recursive: true })
  const file = join(folder, IDENTITY)
  const known = await readIdentity(folder)
  if (known) {
    const differing = differences(known, identity)
    if (differing.length > 0) {
      const say = (one: Identity) => differing.map((key) => `${key} = ${one[key] ?? 'unknown'}`).join(', ')
      throw new PalError(`expected measurements with ${say(identity)}, got ones with ${say(known)}`, {
        file,
        hint: ELSEWHERE,
      })
    }
  }
  const all = { ...known, ...identity }
  if (!isDeepStrictEqual(all, known)) await writeAtomically(file, `${JSON.stringify(all, null, 2)}\n`)
}

const ELSEWHERE = 'Give another folder with --out, or remove this one to measure anew.'

async function readIdentity(folder: string): Promise<Identity | undefined> {
  const file = join(folder, IDENTITY)
  if (existsSync(file)) return readOwnJson(file, identitySchema, 'what measurements are of', ELSEWHERE)
  if (!existsSync(join(folder, VISITS))) return undefined
  throw new PalError(
    `expected measurements that say what they are of, in ${IDENTITY}, got ${VISITS} without it`,
    { file: folder, hint: ELSEWHERE },
  )
}
