import { createHash } from 'node:crypto'
import { PalError } from '../errors.js'
import { gather, type Ranks } from '../parallel/ranks.js'

/** What is counted over the micro-batches of a step. */
export interface StepTotals {
  loss: number
  audios: number
  seconds: number
  learnt: number
}

/**
 * The gradients and totals of all ranks together, the same bits on each of them. The gradients travel as one vector.
 * @param gradients by parameter; those of a stage's graphs have the same names, whatever the shape of the batch
 */
export async function sumOverRanks(
  ranks: Ranks,
  gradients: ReadonlyMap<string, Float32Array>,
  totals: StepTotals,
): Promise<{ readonly gradients: ReadonlyMap<string, Float32Array>; readonly totals: StepTotals }> {
  if (ranks.size === 1) return { gradients, totals }
  const { loss, audios, seconds, learnt } = totals
  const counted = Float64Array.of(loss, audios, seconds, learnt)
  await ranks.sum(counted)

  // In one order everywhere, since what is computed from them must not differ by a bit.
  const names = [...gradients.keys()].sort()
  const parts = names.map((name) => gradients.get(name) as Float32Array)
  const flat = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let end = 0
  const summed = parts.map((part) => {
    flat.set(part, end)
    end += part.length
    return flat.subarray(end - part.length, end)
  })
  await ranks.sum(flat)
  return {
    gradients: new Map(names.map((name, i) => [name, summed[i] as Float32Array])),
    totals: { loss: counted[0]!, audios: counted[1]!, seconds: counted[2]!, learnt: counted[3]! },
  }
}

/**
 * Ranks that stand at different places, or whose weights have drifted apart, would train something that is nobody's.
 * @param at where they should stand, for the message
 * @throws PalError on every rank
 */
export async function expectSame(
  ranks: Ranks,
  at: string,
  { flat, ...state }: { readonly flat: Float32Array } & Readonly<Record<string, unknown>>,
): Promise<void> {
  if (ranks.size === 1) return
  const hash = createHash('sha256').update(JSON.stringify(state))
  hash.update(new Uint8Array(flat.buffer, flat.byteOffset, flat.byteLength))
  const hashes = await gather(ranks, hash.digest('hex').slice(0, 12))
  if (new Set(hashes).size === 1) return
  throw new PalError(
    `expected the same recipe, place and weights on all ${ranks.size} ranks at ${at}, got ${hashes.join(', ')}`,
    {
      hint: 'All machines need the same run folder (a shared file system), recipe, models and versions. The last checkpoint is kept.',
    },
  )
}
