import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeWav } from '../audio/write-wav.js'
import { Random } from '../random.js'
import type { ClipKind } from './clips/clip.js'
import type { LoadedClip } from './clips/load-clips.js'
import { activeSpan } from './signal/level.js'
import { audioFile } from './stored-audio.js'

export const rate = 16_000

export const folder = () => mkdtemp(join(tmpdir(), 'pal-data-'))

/** A tone with a short rise and, with `decay`, an exponential fall. */
export function tone(
  seconds: number,
  hertz = 440,
  amplitude = 0.3,
  decay = 0,
  sampleRate = rate,
): Float32Array {
  return Float32Array.from({ length: Math.round(seconds * sampleRate) }, (_, i) => {
    const t = i / sampleRate
    return amplitude * Math.min(1, t / 0.005) * Math.exp(-decay * t) * Math.sin(2 * Math.PI * hertz * t)
  })
}

export async function writeWav(path: string, samples: Float32Array): Promise<void> {
  await writeFile(path, encodeWav(samples, rate))
}

export function loaded(
  label: string,
  kind: ClipKind,
  samples: Float32Array,
  group = 'a',
  sampleRate = rate,
): LoadedClip {
  const active = activeSpan(samples, sampleRate)
  const seconds = samples.length / sampleRate
  return {
    label,
    kind,
    group,
    samples,
    seconds,
    active,
    audio: audioFile('/s.wav'),
    set: 's',
    place: { file: 's.csv', line: 2 },
    number: 2,
    sampleRate,
  }
}

/** Every label as a tone of its own: 3 sounds of 5 s, 4 digits and 4 drums, two groups of two clips each. */
export function smallSet(sampleRate = rate): LoadedClip[] {
  const random = new Random('small set')
  const highest = Math.min(2000, 0.4 * sampleRate)
  const make = (label: string, kind: ClipKind, seconds: number, decay: number) =>
    ['a', 'a', 'b', 'b'].map((group) =>
      loaded(
        label,
        kind,
        tone(random.uniform(0.7, 1) * seconds, random.uniform(200, highest), 0.3, decay, sampleRate),
        group,
        sampleRate,
      ),
    )
  return [
    ...['dog bark', 'rain', 'sea waves'].flatMap((label) => make(label, 'sound', 5, 0)),
    ...['one', 'two', 'three', 'nine'].flatMap((label) => make(label, 'digit', 0.6, 0)),
    ...['kick drum', 'open hi-hat', 'tom', 'hand clap'].flatMap((label) => make(label, 'drum', 1, 8)),
  ]
}
