import { labelAnswers } from '../closed-answers.js'
import type { Layout } from './layout.js'
import { readTable } from './read-table.js'
import { recordingsBelow } from './recordings.js'
import { splitOf } from './split-of.js'
import { youtubeNames } from './youtube-names.js'

/**
 * VGGSound (Chen et al. 2020; robots.ox.ac.uk/~vgg/data/vggsound): `vggsound.csv` without a header, video, start in
 * seconds, one of 309 labels, and split, of which `test` is asked about; the clips of ten seconds anywhere below, by any
 * name of `youtubeNames`.
 */
export const vggsound: Layout = {
  async read(path) {
    const { csv, folder } = splitOf(path, 'vggsound.csv')
    const rows = await readTable(csv, ['video', 'start', 'label', 'split'], { header: false })
    const labels = [...new Set(rows.map(({ fields }) => fields.label))].sort()
    const recordings = await recordingsBelow(folder)
    const items = rows
      .filter(({ fields }) => fields.split.trim() === 'test')
      .map(({ fields: { video, start, label } }) => ({
        ...{ id: `${video}_${start}`, task: 'vggsound', scoring: 'name', question: 'What do you hear?' },
        audio: recordings.find(youtubeNames(video, Number(start), Number(start) + 10)),
        ...{ expected: label, label, closed: labelAnswers(labels, [label]) },
      }))
    return { items, vocabulary: { sound: labels, digit: [], drum: [] } }
  },
}
