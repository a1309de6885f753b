import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { readJsonRows } from '../../data/manifests/json-rows.js'
import { choiceQuestion } from '../../data/questions/choice-question.js'
import { choiceRow, facetsOf, parseRow } from './choice-row.js'
import type { Layout } from './layout.js'

/**
 * MMAU (Sakshi et al. 2024; github.com/Sakshi113/MMAU): `mmau-test-mini.json`, a list of questions, and the recordings
 * that they name, relative to it. Listed by modality (sound, music, speech), difficulty and skill.
 */
export const mmau: Layout = {
  async read(file) {
    const items = (await readJsonRows(file)).map((row) => {
      const question = parseRow(schema, row)
      const { id, audio_id, task: form, choices, answer: expected } = question
      return {
        ...{ id, audio: resolve(dirname(file), audio_id), task: 'mmau', scoring: 'multiple-choice', form },
        ...{ question: choiceQuestion(question), choices, expected },
        ...{ facets: facetsOf(question), place: row.place },
      }
    })
    return { items }
  },
}

const schema = choiceRow.extend({ audio_id: z.string().min(1), task: z.string().min(1) })
