import { counted } from '../../counted.js'
import type { Example } from '../example.js'
import { type Place, placeName } from '../place.js'
import { askingMistakes, turnsMistake } from './asking-mistakes.js'
import { repeatedIds } from './repeated-ids.js'
import { audioMistake } from './row-mistake.js'
import type { LabelledRow } from './shard-examples.js'

/** A row as it is checked: a conversation, or a labelled recording of a shard. */
export type CheckedRow = Example | LabelledRow

/** What is wrong with a row that is well-formed: it can neither be trained on nor asked, or it can be trained on but not asked. */
export interface RowFault {
  readonly kind: 'unusable' | 'unaskable'
  readonly message: string
}

/** What training or evaluation would refuse: to be asked of each row, in their order. */
export function rowFaults(): (row: CheckedRow) => RowFault | undefined {
  const repeated = repeatedIds()
  const askingMistake = askingMistakes()
  return (row) => {
    if (!isExample(row)) return labelFault(row)
    const unusable = audioMistake(row)
    if (unusable) return { kind: 'unusable', message: unusable.message }
    if (turnsMistake(row)) return undefined // Nobody need ask it: see `forTrainingAlone`.
    const unaskable = askingMistake(row) ?? repeated(row)
    return unaskable && { kind: 'unaskable', message: unaskable.message }
  }
}

/** Sentences about rows in which nothing is wrong, though evaluation would not take them. */
export function forTrainingAlone(rows: readonly CheckedRow[]): readonly string[] {
  const found = new Map<string, { readonly first: Place; count: number }>()
  for (const row of rows) {
    const reason = trainingReason(row)
    if (reason === undefined) continue
    const same = found.get(reason) ?? { first: row.place, count: 0 }
    same.count++
    found.set(reason, same)
  }
  return [...found].map(
    ([reason, { first, count }]) =>
      `${counted(count, 'row')} (the first: ${placeName(first)}) can be trained on, not asked by pal eval: ${reason}`,
  )
}

const isExample = (row: CheckedRow): row is Example => 'messages' in row

function labelFault({ labelField, label }: LabelledRow): RowFault | undefined {
  if (labelField === undefined || label !== undefined) return undefined
  return { kind: 'unusable', message: `expected a label in "${labelField}", got none` }
}

function trainingReason(row: CheckedRow): string | undefined {
  if (isExample(row)) {
    return audioMistake(row) === undefined && turnsMistake(row) ? 'more than one question' : undefined
  }
  if (row.labelField === undefined) return 'no field that the shards say is the label'
  return row.audios.length > 1 ? 'more than one audio' : undefined
}
