import { join } from 'node:path'
import type { Layout } from './layout.js'
import { readTable } from './read-table.js'

/**
 * Clotho's evaluation split (Drossos et al. 2020; Zenodo 4783391): `clotho_captions_evaluation.csv` with five captions
 * of each recording, and `evaluation/`.
 */
export const clotho: Layout = {
  async read(folder) {
    const columns = ['file_name', 'caption_1', 'caption_2', 'caption_3', 'caption_4', 'caption_5'] as const
    const rows = await readTable(join(folder, 'clotho_captions_evaluation.csv'), columns)
    const items = rows.map(({ fields }) => {
      const [name, expected, ...accept] = columns.map((column) => fields[column]) as [
        string,
        string,
        ...string[],
      ]
      return {
        ...{ id: name, audio: join(folder, 'evaluation', name), task: 'clotho', scoring: 'captioning' },
        ...{ question: 'Describe what you hear in one sentence.', expected, accept },
      }
    })
    return { items }
  },
}
