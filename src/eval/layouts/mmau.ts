import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { PalError } from '../../errors.js'
import { choiceQuestion, choiceRow, parseRow } from './choice-question.js'
import type { Layout } from './layout.js'
import { readText } from './read-text.js'

/**
 * MMAU (Sakshi et al. 2024; github.com/Sakshi113/MMAU): `mmau-test-mini.json`, a list of questions, and the recordings
 * that they name, relative to it. Listed by modality: sound, music, speech.
 */
export const mmau: Layout = {
  async read(file) {
    const rows = parseList(await readText(file), file).map((value, i) => {
      const row = parseRow(schema, value, `${file}, question ${i + 1}`)
      const { id, audio_id, task: form, choices, answer: expected } = row
      return {
        ...{ id, audio: resolve(dirname(file), audio_id), task: 'mmau', scoring: 'multiple-choice', form },
        ...{ question: choiceQuestion(row), choices, expected },
      }
    })
    return { items: rows }
  },
}

const schema = choiceRow.extend({ audio_id: z.string().min(1), task: z.string().min(1) })

function parseList(text: string, file: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(text)
    if (Array.isArray(list)) return list
  } catch (cause) {
    throw new PalError(`expected a JSON list: ${(cause as Error).message}`, { file, cause })
  }
  throw new PalError('expected a JSON list of questions, got something else', { file })
}
