import { basename, resolve } from 'node:path'
import { readAudio } from '../audio/read-audio.js'
import { PalError } from '../errors.js'
import type { Random } from '../random.js'
import { audioPlaceholder, type Example, readManifest } from './manifest.js'
import type { Draw, Source, Turn } from './source.js'

export interface ManifestSourceOptions {
  readonly name?: string
  readonly sampleRate?: number
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * The rows of a manifest, drawn evenly, their audio read once into memory. Each row has one audio and no
 * system message; an audio is never cut, since only its author knows where in it the answer lies.
 * @throws PalError naming the line of a row that cannot be drawn.
 */
export async function manifestSource(path: string, options: ManifestSourceOptions = {}): Promise<Source> {
  const { name = basename(path), sampleRate = 16_000, onProgress } = options
  const file = resolve(path)
  const examples = await readManifest(file)
  const files = [...new Set(examples.map((example) => onlyAudio(example, file)))]
  const audios = new Map<string, Float32Array>()
  for (const audio of files) {
    audios.set(audio, (await readAudio(audio, { sampleRate })).samples)
    onProgress?.(audios.size, files.length)
  }
  const rows = examples.map((example) => ({
    line: example.line,
    samples: audios.get(onlyAudio(example, file)) as Float32Array,
    turns: turnsOf(example, file),
  }))

  function drawWithin(random: Random, maxSeconds: number): Draw {
    const { line, samples, turns } = random.pick(rows)
    if (samples.length <= maxSeconds * sampleRate) return { samples, turns }
    const seconds = (samples.length / sampleRate).toFixed(2)
    throw new PalError(`expected at most ${maxSeconds} s of audio, got ${seconds} s`, {
      file,
      line,
      key: 'audios',
      hint: 'Audio of a manifest is never cut: allow more seconds or leave the row out.',
    })
  }

  return { name, sampleRate, drawWithin, draw: (random) => drawWithin(random, Number.POSITIVE_INFINITY) }
}

function onlyAudio({ audios, line }: Example, file: string): string {
  const [audio] = audios
  if (audio !== undefined && audios.length === 1) return audio
  throw new PalError(`expected one audio in a row to train on, got ${audios.length}`, {
    file,
    line,
    key: 'audios',
  })
}

function turnsOf({ messages, task = 'manifest', accept, line }: Example, file: string): Turn[] {
  if (messages[0]?.role === 'system') {
    throw new PalError('expected questions and answers only, got a system message', {
      file,
      line,
      key: 'messages.0.role',
    })
  }
  const said = messages.map(({ content }) => content.replace(audioPlaceholder, '').trim())
  return said.flatMap((question, i) =>
    i % 2 === 0 ? [{ question, answer: said[i + 1] as string, task, ...(accept && { accept }) }] : [],
  )
}
