import { groupBy } from '../../group-by.js'
import type { Layout } from './layout.js'
import { readTable } from './read-table.js'
import { recordingsBelow } from './recordings.js'
import { splitOf } from './split-of.js'
import { youtubeNames } from './youtube-names.js'

/**
 * AudioCaps (Kim et al. 2019; github.com/cdjkim/audiocaps): `test.csv`, or another split's list, with a row for each
 * caption, five for each clip; the clips of ten seconds anywhere below, by a caption's `audiocap_id` or by any name of
 * `youtubeNames`.
 */
export const audiocaps: Layout = {
  async read(path) {
    const { csv, folder } = splitOf(path, 'test.csv')
    const rows = await readTable(csv, ['audiocap_id', 'youtube_id', 'start_time', 'caption'])
    const recordings = await recordingsBelow(folder)
    const clips = groupBy(rows, ({ fields }) => `${fields.youtube_id}_${fields.start_time}`)
    const items = [...clips].map(([id, of]) => {
      const { youtube_id, start_time } = of[0]!.fields
      const [expected, ...accept] = of.map(({ fields }) => fields.caption) as [string, ...string[]]
      const start = Number(start_time)
      const byCaption = of.map(({ fields }) => fields.audiocap_id)
      return {
        ...{ id, task: 'audiocaps', scoring: 'captioning', expected, accept },
        audio: recordings.find([...youtubeNames(youtube_id, start, start + 10), ...byCaption]),
        question: 'Describe what you hear in one sentence.',
      }
    })
    return { items }
  },
}
