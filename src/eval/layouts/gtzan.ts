import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { labelAnswers } from '../closed-answers.js'
import type { Layout } from './layout.js'
import { recordingsBelow } from './recordings.js'

/**
 * GTZAN (Tzanetakis and Cook 2002; marsyas.info): `genres/` (AU files, as first published) or `genres_original/` (wav)
 * with a folder for each of ten genres, each with a hundred excerpts `blues.00000` to `blues.00099`. All thousand are asked about, those that a copy lacks
 * too (jazz.00054 is damaged in many). Its faults are known and kept: repeated songs and wrong labels (Sturm 2013).
 */
export const gtzan: Layout = {
  async read(folder) {
    const inner = ['genres', 'genres_original'].map((name) => join(folder, name)).find(existsSync)
    const recordings = await recordingsBelow(inner ?? folder)
    const labels = [...genres.values()]
    const items = [...genres].flatMap(([genre, label]) =>
      Array.from({ length: 100 }, (_, number) => {
        const id = `${genre}.${String(number).padStart(5, '0')}`
        return {
          ...{ id, audio: recordings.find([id]), task: 'gtzan', scoring: 'name' },
          ...{ question: 'Which genre is this music?', expected: label, label },
          closed: labelAnswers(labels, [label]),
        }
      }),
    )
    return { items, vocabulary: { sound: labels, digit: [], drum: [], aliases: Object.fromEntries(genres) } }
  },
}

/** As they are spelt in names of files, and the labels; answers are read by either. */
const genres: ReadonlyMap<string, string> = new Map(
  ['blues', 'classical', 'country', 'disco', 'hiphop', 'jazz', 'metal', 'pop', 'reggae', 'rock'].map(
    (genre) => [genre, genre === 'hiphop' ? 'hip hop' : genre],
  ),
)
