import { join } from 'node:path'
import type { Layout } from './layout.js'
import { readTable } from './read-table.js'

/**
 * ESC-50 (Piczak 2015; github.com/karolpiczak/ESC-50): `meta/esc50.csv` and `audio/`. Each clip is asked for its name;
 * the answer must name its category and no other of the data set's. Clips of one
 * `src_file` are parts of one recording.
 */
export const esc50: Layout = {
  async read(folder) {
    const rows = await readTable(join(folder, 'meta', 'esc50.csv'), [
      'filename',
      'fold',
      'category',
      'src_file',
    ])
    const items = rows.map(({ fields: { filename, fold, category, src_file } }) => {
      const label = category.replaceAll('_', ' ')
      return {
        ...{ id: filename, audio: join(folder, 'audio', filename), task: 'esc50', scoring: 'name' },
        ...{ form: `fold ${fold}`, question: 'What do you hear?', expected: label, label },
        source: `src_file ${src_file}`,
      }
    })
    return {
      items,
      vocabulary: { sound: [...new Set(items.map(({ label }) => label))].sort(), digit: [], drum: [] },
    }
  },
}
