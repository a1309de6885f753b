import { resolve } from 'node:path'
import { readAudio } from '../../audio/read-audio.js'
import { vocabularyOf } from '../../data/questions/vocabulary.js'
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

/** What "esc50:folder" names; undefined for text that begins with no layout's name. */
export function layoutOf(text: string): LayoutPath | undefined {
  const colon = text.indexOf(':')
  const layout = layouts.get(text.slice(0, Math.max(0, colon)))
  return layout && { layout, path: resolve(text.slice(colon + 1)) }
}

/** The questions about a data set, each recording read when it is asked about. @param sampleRate Hz */
export async function layoutItems({ layout, path }: LayoutPath, sampleRate: number): Promise<EvalSet> {
  const { items, vocabulary = vocabularyOf([]) } = await layout.read(path)
  const samples = (audio: string) => () => readAudio(audio, { sampleRate })
  return { items: items.map((item) => ({ ...item, samples: samples(item.audio) })), vocabulary }
}
