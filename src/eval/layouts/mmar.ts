import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { PalError } from '../../errors.js'
import { choiceQuestion, choiceRow, parseRow } from './choice-question.js'
import type { Layout } from './layout.js'
import { readText } from './read-text.js'

/**
 * MMAR (Ma et al. 2025; github.com/ddlBoJack/MMAR): `MMAR-meta.jsonl`, a question a line, and the recordings that they
 * name, relative to it. Listed by modality: sound, music, speech and their mixes.
 */
export const mmar: Layout = {
  async read(file) {
    const items = (await readText(file)).split(/\r?\n/).flatMap((text, i) => {
      if (text.trim() === '') return []
      const row = parseRow(schema, parseLine(text, file, i + 1), file, i + 1)
      const { id, audio_path, modality: form, choices, answer: expected } = row
      return {
        ...{ id, audio: resolve(dirname(file), audio_path), task: 'mmar', scoring: 'multiple-choice', form },
        ...{ question: choiceQuestion(row), choices, expected },
      }
    })
    return { items }
  },
}

const schema = choiceRow.extend({ audio_path: z.string().min(1), modality: z.string().min(1) })

function parseLine(text: string, file: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PalError(`expected a JSON object: ${(cause as Error).message}`, { file, line, cause })
  }
}
