import { dirname, join } from 'node:path'
import { labelAnswers } from '../closed-answers.js'
import type { Layout } from './layout.js'
import { readTable } from './read-table.js'
import { splitOf } from './split-of.js'
import { TAGS_QUESTION } from './tags-question.js'

/**
 * FSD50K (Fonseca et al. 2022; Zenodo 4060432): `FSD50K.ground_truth/` with `eval.csv`, `dev.csv` and the 200 labels of
 * `vocabulary.csv`, and `FSD50K.eval_audio/`, `FSD50K.dev_audio/`. Labels have underscores for spaces, and all labels
 * above them in the hierarchy beside them.
 */
export const fsd50k: Layout = {
  async read(path) {
    const { csv, name, folder } = splitOf(path, join('FSD50K.ground_truth', 'eval.csv'))
    const known = await readTable(join(folder, 'vocabulary.csv'), ['index', 'label', 'mid'], {
      header: false,
    })
    const labels = known.map(({ fields }) => spaced(fields.label))
    const rows = await readTable(csv, ['fname', 'labels'])
    const items = rows.map(({ fields }) => {
      const heard = fields.labels.split(',').map(spaced)
      return {
        id: fields.fname,
        audio: join(dirname(folder), `FSD50K.${name}_audio`, `${fields.fname}.wav`),
        ...{ task: 'fsd50k', scoring: 'tags', question: TAGS_QUESTION },
        ...{ expected: heard.join(', '), tags: heard, closed: labelAnswers(labels, heard) },
      }
    })
    return { items, vocabulary: { sound: labels, digit: [], drum: [] } }
  },
}

const spaced = (label: string) => label.trim().replaceAll('_', ' ')
