import { PalError } from '../../errors.js'
import type { Dialect } from '../dialects/dialect.js'
import { holdsList } from '../dialects/fields.js'
import { dialects } from '../dialects/index.js'
import { type Example, exampleOf } from '../example.js'
import { mistakeAt, type Place } from '../place.js'
import { type ShardRecord, textIn } from '../shards/shard-record.js'
import { shardRecords } from '../shards/shard-records.js'
import { audioBytes, type StoredAudio } from '../stored-audio.js'

/**
 * The examples in shards: rows or samples with messages, in the dialects of a manifest.
 * @throws PalError naming shard, row or sample, and key
 */
export async function readShardExamples(path: string): Promise<readonly Example[]> {
  const examples: Example[] = []
  for await (const record of shardRecords(path)) examples.push(shardExample(record))
  return examples
}

/** A labelled recording, or several that one row calls by the same label. */
export interface LabelledRow {
  readonly place: Place
  readonly audios: readonly StoredAudio[]
  /** The field that the shards have for labels, if there is one, and what it says here. */
  readonly labelField?: string
  readonly label?: string
}

/**
 * All rows, be they conversations or labelled recordings. Where one is a conversation, all have to be: of some training would take
 * none, and evaluation neither.
 * @throws PalError for a row that is malformed or has no audio where it must
 */
export async function readShardRows(path: string): Promise<readonly Example[] | readonly LabelledRow[]> {
  const records: ShardRecord[] = []
  for await (const record of shardRecords(path)) records.push(record)
  if (records.some(isConversation)) return records.map(shardExample)
  // Training reads one field of all of them: a sample of a tar that lacks it would not say which one that is.
  const labelField = records.find((record) => record.labelField !== undefined)?.labelField
  return records.map((record) => labelledRow(record, labelField))
}

/** Whether it is a conversation, in one of the dialects, rather than a labelled recording. */
export const isConversation = ({ fields }: ShardRecord): boolean =>
  dialects.some((dialect) => dialect.detects(fields))

function shardExample(record: ShardRecord): Example {
  const { place, id, audios, labelField } = record
  if (!isConversation(record) && labelField !== undefined) {
    throw new PalError('expected messages, got a labelled recording', {
      ...mistakeAt(place, labelField),
      hint: `Name such shards as a set of the recipe: { shards: PATH, label: ${labelField}, kind: sound }.`,
    })
  }
  const row = withLists(record)
  const dialect = dialects.find(({ detects }) => detects(row))
  return exampleOf(withOwnAudio(row, record, dialect), {
    ...{ place, id, dialect },
    locate(written) {
      if (typeof written !== 'string') return audioBytes(written, place.file)
      const audio = audios.get(written)
      if (audio) return audio
      const known = [...audios.keys()].join(', ') || 'none'
      const message = `expected an audio that is there (${known}), got "${written}"`
      throw new PalError(message, mistakeAt(place, 'audios'))
    },
  })
}

/** A record's fields, with lists where they are kept as JSON text. */
function withLists({ fields, place }: ShardRecord): Fields {
  const written = LISTS.filter((key) => typeof fields[key] === 'string' && holdsList(fields, key))
  return {
    ...fields,
    ...Object.fromEntries(written.map((key) => [key, parsed(fields[key] as string, place, key)])),
  }
}

/** What some writers keep as JSON text. */
const LISTS = ['messages', 'conversations', 'conversation', 'choices'] as const

type Fields = ShardRecord['fields']

/** The row as a line of a manifest would have it. Where its audio was before it came into the shard is left out. */
function withOwnAudio(fields: Fields, { audios: known }: ShardRecord, dialect?: Dialect): object {
  const { audioKeys = [] } = dialect ?? {}
  const { audio, audios = audio === undefined ? [] : [audio], ...rest } = fields
  const isKnown = (name: unknown) => typeof name === 'string' && known.has(name)
  const named = audioKeys
    .map((key) => rest[key])
    .find((names) => names !== undefined && [names].flat().every(isKnown))
  const heard = named === undefined ? audios : [named].flat()
  const naming = audioKeys.filter((key) => key in rest)
  return { ...rest, audios: heard, ...Object.fromEntries(naming.map((key) => [key, heard])) }
}

function parsed(text: string, place: Place, key: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const message = `expected ${key}, as a list or as JSON text: ${(cause as Error).message}`
    throw new PalError(message, { ...mistakeAt(place, key), cause })
  }
}

function labelledRow(record: ShardRecord, labelField: string | undefined): LabelledRow {
  const { place, audios, fields } = record
  if (audios.size === 0) {
    const got = Object.keys(fields).join(', ')
    throw new PalError(`expected audio in every row, got ${got}`, mistakeAt(place))
  }
  const label = labelField === undefined ? undefined : textIn(record, labelField)
  return {
    ...{ place, audios: [...new Set(audios.values())] },
    ...(labelField !== undefined && { labelField }),
    ...(label !== undefined && { label }),
  }
}
