import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { vocabularyOf } from '../../data/questions/vocabulary.js'
import { audioFile, readStored } from '../../data/stored-audio.js'
import { PalError } from '../../errors.js'
import type { EvalSet } from '../items.js'
import { audiocaps } from './audiocaps.js'
import { audioset } from './audioset.js'
import { clotho } from './clotho.js'
import { esc50 } from './esc50.js'
import { fsd50k } from './fsd50k.js'
import { gtzan } from './gtzan.js'
import type { Layout } from './layout.js'
import { librispeech } from './librispeech.js'
import { mmar } from './mmar.js'
import { mmau } from './mmau.js'
import { nsynth } from './nsynth.js'
import { vggsound } from './vggsound.js'

/** Every layout, by the name that `pal eval name:path` gives; a new one is a file and a line here. */
const layouts: ReadonlyMap<string, Layout> = new Map(
  Object.entries({
    ...{ audiocaps, audioset, clotho, esc50, fsd50k, gtzan },
    ...{ librispeech, mmar, mmau, nsynth, vggsound },
  }),
)

export interface LayoutPath {
  readonly layout: Layout
  readonly path: string
}

/**
 * What "esc50:folder" names; undefined for the path of a file.
 * @throws PalError for another name before the colon where there is no such file
 */
export function layoutOf(text: string): LayoutPath | undefined {
  const colon = text.indexOf(':')
  const name = text.slice(0, Math.max(0, colon))
  const layout = layouts.get(name)
  if (layout) return { layout, path: resolve(text.slice(colon + 1)) }
  if (!isName(name) || /^:\/\/|[*?{]/.test(text.slice(colon)) || existsSync(text)) return undefined
  throw new PalError(
    `expected a file, or one of ${[...layouts.keys()].join(', ')} before the colon, got "${name}"`,
    {
      file: text,
      hint: 'Layouts are those of data sets as they are published: see docs/evaluation.md.',
    },
  )
}

/** A single letter is a drive of Windows. */
const isName = (text: string) => /^[\w-]{2,}$/.test(text)

/** The questions about a data set, each recording read when it is asked about. @param sampleRate Hz */
export async function layoutItems({ layout, path }: LayoutPath, sampleRate: number): Promise<EvalSet> {
  const { items, vocabulary = vocabularyOf([]) } = await layout.read(path)
  const samples = (audio: string) => () => readStored(audioFile(audio), sampleRate)
  return { items: items.map((item) => ({ ...item, samples: samples(item.audio) })), vocabulary }
}
