import { dirname, join } from 'node:path'
import { PalError } from '../../errors.js'
import { filesBelow } from './files-below.js'
import type { FileItem, Layout } from './layout.js'
import { readLayoutText } from './read-layout-text.js'

/**
 * LibriSpeech (Panayotov et al. 2015; openslr.org/12): below the folder, such as `LibriSpeech/test-clean`, each chapter
 * has a file `84-121123.trans.txt` with a line for each utterance, and `84-121123-0000.flac` beside it.
 */
export const librispeech: Layout = {
  async read(folder) {
    const transcripts = (await filesBelow(folder)).filter((name) => name.endsWith('.trans.txt')).sort()
    if (transcripts.length === 0) {
      throw new PalError('expected *.trans.txt somewhere below the folder, got none', { file: folder })
    }
    const chapters = transcripts.map((name) => readChapter(join(folder, name)))
    return { items: (await Promise.all(chapters)).flat() }
  },
}

async function readChapter(file: string): Promise<readonly FileItem[]> {
  const lines = (await readLayoutText(file)).split(/\r?\n/)
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return []
    const [, id, words] = /^(\S+)\s+(\S.*)$/.exec(line) ?? []
    if (id === undefined || words === undefined) {
      throw new PalError(`expected an utterance and its words, got "${line}"`, { file, line: i + 1 })
    }
    return {
      ...{ id, audio: join(dirname(file), `${id}.flac`), task: 'librispeech', scoring: 'transcription' },
      ...{ question: 'Write down what is said.', expected: words },
    }
  })
}
