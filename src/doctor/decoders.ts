import { spawnSync } from 'node:child_process'
import { installedDecoder } from '../audio/decode-aac.js'
import { readAudio } from '../audio/read-audio.js'
import { encodeWav } from '../audio/write-wav.js'
import { type Check, check } from './check.js'

/** Decoders that are WebAssembly: each is started once. */
const DECODERS: Readonly<Record<string, () => Promise<{ ready: Promise<unknown>; free(): void }>>> = {
  flac: async () => new (await import('@wasm-audio-decoders/flac')).FLACDecoder(),
  mp3: async () => new (await import('mpg123-decoder')).MPEGDecoder(),
  'ogg vorbis': async () => new (await import('@wasm-audio-decoders/ogg-vorbis')).OggVorbisDecoder(),
  opus: async () => new (await import('opus-decoder')).OpusDecoder(),
}

export function checkDecoders(): Promise<Check> {
  return check(
    'audio decoders',
    async () => {
      // Another rate than it has, so that the resampler works too.
      await readAudio(encodeWav(new Float32Array(800).fill(0.1), 8000), { sampleRate: 16000 })
      for (const [name, start] of Object.entries(DECODERS)) {
        const decoder = await start().catch((cause) => {
          throw new Error(`${name}: ${cause}`, { cause })
        })
        await decoder.ready
        decoder.free()
      }
      return { found: ['wav', ...Object.keys(DECODERS)].join(', ') }
    },
    'Install again: the decoders are part of the package.',
  )
}

/** AAC has no decoder that can come with the package: see decode-aac.ts. */
export async function checkAac(): Promise<Check> {
  if (await installedDecoder()) return { name: 'AAC and m4a', status: 'ok', found: '@audio/decode-aac' }
  const { status, stdout } = spawnSync('ffmpeg', ['-version'], { encoding: 'utf8' })
  if (status === 0) return { name: 'AAC and m4a', status: 'ok', found: stdout.split('\n')[0] ?? '' }
  const advice = 'Only needed for such files: `npm install @audio/decode-aac` (GPL-2.0), or install ffmpeg.'
  return { name: 'AAC and m4a', status: 'missing', found: 'no decoder', advice }
}
