import { verdict } from '../data/questions/score.js'
import { PalError } from '../errors.js'
import { clusterOf } from '../eval/cluster.js'
import type { Sample } from '../eval/sample.js'

/**
 * One integration's answers to one task, seed by seed, reduced to what accuracy needs: for every source and class, how
 * many questions there are and how many of them each seed's model answered rightly. A source is an audio, or all audios
 * that were cut from one recording: see `clusterOf`.
 */
export interface AnswerTable {
  readonly sources: number
  /** One, or for a balanced measure one for yes and one for no. */
  readonly classes: number
  readonly questions: number
  /** [sources × classes] */
  readonly asked: Float64Array
  /** For each seed [sources × classes]. */
  readonly right: readonly Float64Array[]
}

/** Which questions a table is over, and where each stands in it: the same for all integrations and seeds. */
export interface QuestionLayout {
  readonly sources: number
  readonly classes: number
  readonly cellOf: ReadonlyMap<string, number>
}

/** @param balanced accuracy is the mean of that where yes is right and that where no is */
export function layOut(samples: readonly Sample[], balanced: boolean): QuestionLayout {
  const sources = numbered(samples.map(clusterOf))
  const classOf = ({ expected }: Sample) => (balanced ? (verdict(expected) ?? '') : '')
  const classes = numbered(samples.map(classOf))
  const cellOf = new Map(
    samples.map((sample) => [
      sample.id,
      sources.get(clusterOf(sample))! * classes.size + classes.get(classOf(sample))!,
    ]),
  )
  return { sources: sources.size, classes: classes.size, cellOf }
}

/**
 * @param seeds the answers of each seed's model
 * @throws PalError if a seed's questions are not those of the layout
 */
export function tabulate(
  { sources, classes, cellOf }: QuestionLayout,
  seeds: readonly { readonly samples: readonly Sample[]; readonly file: string }[],
): AnswerTable {
  const asked = new Float64Array(sources * classes)
  for (const cell of cellOf.values()) asked[cell]! += 1
  const right = seeds.map(({ samples, file }) => {
    const ids = new Set(samples.map(({ id }) => id))
    const strange = [...ids].find((id) => !cellOf.has(id)) ?? [...cellOf.keys()].find((id) => !ids.has(id))
    if (strange !== undefined) {
      throw new PalError(
        `expected every run to be asked the same, got a difference at question "${strange}"`,
        {
          file,
          hint: 'Give the comparison another folder with --out, or remove the folder "eval" of this run.',
        },
      )
    }
    const counts = new Float64Array(sources * classes)
    for (const { id, right } of samples) if (right) counts[cellOf.get(id)!]! += 1
    return counts
  })
  return { sources, classes, questions: cellOf.size, asked, right }
}

/**
 * Accuracy, where source i counts `sources[i]` times and seed s `seeds[s]` times: over all questions, or the mean over
 * the classes that there are.
 */
export function accuracyOf(table: AnswerTable, sources: Weights, seeds: Weights): number {
  const asked = new Float64Array(table.classes)
  const right = new Float64Array(table.classes)
  for (let source = 0, cell = 0; source < table.sources; source++) {
    const weight = sources[source]!
    for (let one = 0; one < table.classes; one++, cell++) {
      asked[one]! += weight * table.asked[cell]!
      for (let seed = 0; seed < table.right.length; seed++) {
        right[one]! += weight * seeds[seed]! * table.right[seed]![cell]!
      }
    }
  }
  const runs = seeds.reduce((sum: number, weight) => sum + weight, 0)
  const shares = [...right].flatMap((count, one) => (asked[one]! > 0 ? [count / (asked[one]! * runs)] : []))
  return shares.reduce((sum, share) => sum + share, 0) / shares.length
}

type Weights = readonly number[]

/** Every source and every seed once. */
export function plainAccuracy(table: AnswerTable): number {
  return accuracyOf(table, ones(table.sources), ones(table.right.length))
}

/** What each source contributes to the difference of two integrations; the contributions' sum is the difference. */
export function gains(table: AnswerTable, base: AnswerTable): readonly number[] {
  const ofClass = Array.from({ length: table.classes }, (_, one) => {
    let count = 0
    for (let cell = one; cell < table.asked.length; cell += table.classes) count += table.asked[cell]!
    return 1 / (count * table.classes * table.right.length)
  })
  return Array.from({ length: table.sources }, (_, source) =>
    ofClass.reduce((sum, weight, one) => {
      const cell = source * table.classes + one
      const more = table.right.reduce((of, counts, seed) => of + counts[cell]! - base.right[seed]![cell]!, 0)
      return sum + weight * more
    }, 0),
  )
}

function numbered(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...new Set(names)].map((name, i) => [name, i]))
}

function ones(count: number): readonly number[] {
  return Array.from({ length: count }, () => 1)
}
