import { join } from 'node:path'
import { z } from 'zod'
import { expectShape } from '../../check-schema.js'
import { parseJson } from '../../data/manifests/json-rows.js'
import { labelAnswers } from '../closed-answers.js'
import type { Layout } from './layout.js'
import { readLayoutText } from './read-layout-text.js'

/**
 * NSynth (Engel et al. 2017; magenta.tensorflow.org/datasets/nsynth): a split's folder such as `nsynth-test`, with
 * `examples.json`, which describes each note by its name, and `audio/`. Each note is asked for the family of its
 * instrument. Notes of one instrument are asked about and resampled each for itself.
 */
export const nsynth: Layout = {
  async read(folder) {
    const notes = await readNotes(join(folder, 'examples.json'))
    const items = notes.map(([name, { instrument_family_str: family, instrument_source_str: form }]) => {
      const label = family.replaceAll('_', ' ')
      return {
        ...{ id: name, audio: join(folder, 'audio', `${name}.wav`), task: 'nsynth', scoring: 'name', form },
        ...{ question: 'Which family does this instrument belong to?', expected: label, label },
        closed: labelAnswers(families, [label]),
      }
    })
    return { items, vocabulary: { sound: families, digit: [], drum: [] } }
  },
}

const families: readonly string[] = [
  ...['bass', 'brass', 'flute', 'guitar', 'keyboard', 'mallet'],
  ...['organ', 'reed', 'string', 'synth lead', 'vocal'],
]

const schema = z.record(
  z.string(),
  z.object({
    instrument_family_str: z
      .string()
      .refine((family) => families.includes(family.replaceAll('_', ' ')), 'expected a family of instruments'),
    instrument_source_str: z.string(),
  }),
)

async function readNotes(file: string) {
  return Object.entries(expectShape(schema, parseJson(await readLayoutText(file), { file }), { file }))
}
