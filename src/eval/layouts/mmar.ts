import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { readJsonRows } from '../../data/manifests/json-rows.js'
import { choiceQuestion } from '../../data/questions/choice-question.js'
import { choiceRow, facetsOf, parseRow } from './choice-row.js'
import type { Layout } from './layout.js'

/**
 * MMAR (Ma et al. 2025): `MMAR-meta.jsonl` with a question a line (github.com/ddlBoJack/MMAR) or `MMAR-meta.json` with a
 * list of them (huggingface.co/datasets/BoJack/MMAR), and the recordings that they name, relative to it. Listed by
 * modality (sound, music, speech and their mixes) and by what is asked for.
 */
export const mmar: Layout = {
  async read(file) {
    const items = (await readJsonRows(file)).map((row) => {
      const question = parseRow(schema, row)
      const { id, audio_path, modality: form, choices, answer: expected } = question
      return {
        ...{ id, audio: resolve(dirname(file), audio_path), task: 'mmar', scoring: 'multiple-choice', form },
        ...{ question: choiceQuestion(question), choices, expected },
        ...{ facets: facetsOf(question), place: row.place },
      }
    })
    return { items }
  },
}

const schema = choiceRow.extend({ audio_path: z.string().min(1), modality: z.string().min(1) })
