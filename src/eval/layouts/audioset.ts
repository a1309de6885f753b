import { join } from 'node:path'
import { PalError } from '../../errors.js'
import { labelAnswers } from '../closed-answers.js'
import type { Layout } from './layout.js'
import { readTable } from './read-table.js'
import { recordingsBelow } from './recordings.js'
import { splitOf } from './split-of.js'
import { TAGS_QUESTION } from './tags-question.js'
import { youtubeNames } from './youtube-names.js'

/**
 * AudioSet (Gemmeke et al. 2017; research.google.com/audioset): `eval_segments.csv`, or another split's list, the 527
 * labels of `class_labels_indices.csv` beside it, and the clips anywhere below, by any name of `youtubeNames`.
 */
export const audioset: Layout = {
  async read(path) {
    const { csv, folder } = splitOf(path, 'eval_segments.csv')
    const classes = await readTable(join(folder, 'class_labels_indices.csv'), ['mid', 'display_name'])
    const labelOf = new Map(classes.map(({ fields }) => [fields.mid, fields.display_name]))
    const labels = [...labelOf.values()]
    const recordings = await recordingsBelow(folder)
    const segments = await readTable(csv, ['YTID', 'start_seconds', 'end_seconds', 'positive_labels'], {
      header: false,
      comment: '#',
    })
    const items = segments.map(({ line, fields }) => {
      const { YTID, start_seconds, end_seconds, positive_labels } = fields
      const heard = positive_labels.split(',').map((mid) => {
        const label = labelOf.get(mid.trim())
        if (label !== undefined) return label
        throw new PalError(`expected a label of class_labels_indices.csv, got "${mid}"`, { file: csv, line })
      })
      return {
        ...{ id: `${YTID}_${start_seconds}`, task: 'audioset', scoring: 'tags', question: TAGS_QUESTION },
        audio: recordings.find(youtubeNames(YTID, Number(start_seconds), Number(end_seconds))),
        ...{ expected: heard.join(', '), tags: heard, closed: labelAnswers(labels, heard) },
      }
    })
    return { items, vocabulary: { sound: labels, digit: [], drum: [] } }
  },
}
