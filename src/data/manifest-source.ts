import { basename, resolve } from 'node:path'
import { PalError } from '../errors.js'
import type { Random } from '../random.js'
import { audioPlaceholder, type Example } from './example.js'
import { readManifest } from './manifest.js'
import { mistakeAt } from './place.js'
import type { Draw, Source, Turn } from './source.js'
import { readStored, type StoredAudio } from './stored-audio.js'

export interface ManifestSourceOptions {
  readonly name?: string
  readonly sampleRate?: number
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * The rows of a manifest (see `readManifest`), drawn evenly, their audio read once, in order, into memory. Each row has one audio and no
 * system message; an audio is never cut, since only its author knows where in it the answer lies.
 * @throws PalError naming the place of a row that cannot be drawn.
 */
export async function manifestSource(path: string, options: ManifestSourceOptions = {}): Promise<Source> {
  const { name = basename(path), sampleRate = 16_000, onProgress } = options
  const examples = await readManifest(resolve(path))
  const stored = new Map(examples.map((example) => [onlyAudio(example).name, onlyAudio(example)]))
  const audios = new Map<string, Float32Array>()
  for (const [audio, where] of stored) {
    audios.set(audio, (await readStored(where, sampleRate)).samples)
    onProgress?.(audios.size, stored.size)
  }
  const rows = examples.map((example) => ({
    place: example.place,
    samples: audios.get(onlyAudio(example).name) as Float32Array,
    turns: turnsOf(example),
  }))

  function drawWithin(random: Random, maxSeconds: number): Draw {
    const { place, samples, turns } = random.pick(rows)
    if (samples.length <= maxSeconds * sampleRate) return { samples, turns, recurs: true }
    const seconds = (samples.length / sampleRate).toFixed(2)
    throw new PalError(`expected at most ${maxSeconds} s of audio, got ${seconds} s`, {
      ...mistakeAt(place, 'audios'),
      hint: 'Audio of a manifest is never cut: allow more seconds or leave the row out.',
    })
  }

  return { name, sampleRate, drawWithin, draw: (random) => drawWithin(random, Number.POSITIVE_INFINITY) }
}

function onlyAudio({ audios, place }: Example): StoredAudio {
  const [audio] = audios
  if (audio !== undefined && audios.length === 1) return audio
  throw new PalError(
    `expected one audio in a row to train on, got ${audios.length}`,
    mistakeAt(place, 'audios'),
  )
}

function turnsOf({ messages, task = 'manifest', accept, place }: Example): Turn[] {
  if (messages[0]?.role === 'system') {
    throw new PalError(
      'expected questions and answers only, got a system message',
      mistakeAt(place, 'messages.0.role'),
    )
  }
  const said = messages.map(({ content }) => content.replace(audioPlaceholder, '').trim())
  return said.flatMap((question, i) =>
    i % 2 === 0 ? [{ question, answer: said[i + 1] as string, task, ...(accept && { accept }) }] : [],
  )
}
