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
  // In one order everywhere, one process alone included, since what is computed from them must not differ by a bit.
  const ordered = new Map([...gradients].sort(([a], [b]) => (a < b ? -1 : 1)))
  if (ranks.size === 1) return { gradients: ordered, totals }
  const { loss, audios, seconds, learnt } = totals
  const counted = Float64Array.of(loss, audios, seconds, learnt)
  await ranks.sum(counted)

  const flat = new Float32Array([...ordered.values()].reduce((sum, { length }) => sum + length, 0))
  const summed = new Map<string, Float32Array>()
  let end = 0
  for (const [name, gradient] of ordered) {
    flat.set(gradient, end)
    end += gradient.length
    summed.set(name, flat.subarray(end - gradient.length, end))
  }
  await ranks.sum(flat)
  return {
    gradients: summed,
    totals: { loss: counted[0]!, audios: counted[1]!, seconds: counted[2]!, learnt: counted[3]! },
  }
}

/**
 * Ranks that stand at different places, or whose weights have drifted apart, would train something that is nobody's.
 * @param at where they should stand, for the message
 * @param isKept whether there is a checkpoint of before, for the message
 * @throws PalError on every rank
 */
export async function expectSame(
  ranks: Ranks,
  at: string,
  { flat, ...state }: { readonly flat: Float32Array } & Readonly<Record<string, unknown>>,
  isKept = false,
): Promise<void> {
  if (ranks.size === 1) return
  const hash = createHash('sha256').update(JSON.stringify(state))
  hash.update(new Uint8Array(flat.buffer, flat.byteOffset, flat.byteLength))
  const hashes = await gather(ranks, hash.digest('hex').slice(0, 12))
  if (new Set(hashes).size === 1) return
  throw new PalError(
    `expected the same recipe, place and weights on all ${ranks.size} ranks at ${at}, got ${hashes.join(', ')}`,
    {
      hint: `All machines need the same run folder (a shared file system), recordings, recipe, models and versions.${isKept ? ' The last checkpoint is kept.' : ''}`,
    },
  )
}
