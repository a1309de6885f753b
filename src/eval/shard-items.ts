import { isConversation } from '../data/manifests/shard-examples.js'
import { mistakeAt } from '../data/place.js'
import { vocabularyOf } from '../data/questions/vocabulary.js'
import { fieldOf, type ShardRecord } from '../data/shards/shard-record.js'
import { shardRecords } from '../data/shards/shard-records.js'
import { readStored } from '../data/stored-audio.js'
import { PalError } from '../errors.js'
import type { EvalItem, EvalSet } from './items.js'
import { manifestItems } from './manifest-items.js'

/**
 * Questions from shards: the rows' own where they have messages; of labelled recordings what each is called, which
 * the answer must name and no other label of the shards.
 * @param path what `shardFiles` takes
 * @param sampleRate Hz
 * @param question what rows with messages are asked that keep no question
 * @throws PalError naming shard, row or sample, and column
 */
export async function shardItems(path: string, sampleRate: number, question?: string): Promise<EvalSet> {
  const items: EvalItem[] = []
  // One for all: a sample of a tar that lacks it may have another text, which is no label.
  let labelField: string | undefined
  for await (const record of shardRecords(path)) {
    if (isConversation(record)) return manifestItems(path, sampleRate, question)
    labelField ??= record.labelField
    items.push(nameItem(record, labelField, sampleRate))
  }
  const labels = [...new Set(items.map(({ expected }) => expected))].sort()
  return { items, vocabulary: { ...vocabularyOf([]), sound: labels } }
}

function nameItem(record: ShardRecord, labelField: string | undefined, sampleRate: number): EvalItem {
  const { id, place, audios, fields } = record
  const [audio, another] = new Set(audios.values())
  if (!audio || another || labelField === undefined) {
    throw new PalError(
      `expected messages, or one audio and its label, got ${Object.keys(fields).join(', ')}`,
      mistakeAt(place),
    )
  }
  // A ClassLabel's name often has underscores where a person, or a model, would say it with spaces.
  const label = fieldOf(record, labelField).replaceAll('_', ' ')
  return {
    ...{ id, audio: audio.name, task: 'name', scoring: 'name', form: record.split },
    samples: () => readStored(audio, sampleRate),
    ...{ question: 'What do you hear?', expected: label, label },
    place,
  }
}
