import type { SpeexResampler } from '@echogarden/speex-resampler-wasm/simd'
import { isInteger } from '../check-options.js'
import { PalError } from '../errors.js'

/**
 * Speex's scale runs from 0 to 10. At 8, from 44.1 to 16 kHz: flat within 0.01 dB up to 7 kHz and 0.3 dB up to
 * 7.5 kHz, whatever lay above 8.1 kHz is more than 100 dB down, and a minute takes a quarter of a second.
 */
const QUALITY = 8
/** Samples that go into WebAssembly at a time, so that its memory does not grow with the sound. */
const BLOCK = 1 << 16

/**
 * Band-limited change of rate by Speex's resampler, aligned in time: sample i of the result is the sound at
 * i / to seconds. Gives round(length × to / from) samples; the same array if the rates are the same.
 *
 * @param samples [time]
 * @param from rate of the samples, Hz
 * @param to rate of the result, Hz
 * @throws PalError for a rate that is not a whole number of Hz within 1000 and 768000
 */
export async function resample(samples: Float32Array, from: number, to: number): Promise<Float32Array> {
  expectSampleRate(from)
  expectSampleRate(to, 'the sample rate asked for')
  if (from === to || samples.length === 0) return samples
  speex ??= import('@echogarden/speex-resampler-wasm/simd').then((module) => module.default())
  const output = new Float32Array(Math.round((samples.length * to) / from))
  run(await speex, samples, output, from, to)
  return output
}

let speex: Promise<SpeexResampler> | undefined

/** Whether it is a rate that can be resampled from and to, in Hz. */
export function isSampleRate(rate: unknown): rate is number {
  return isInteger(rate) && rate >= 1000 && rate <= 768000
}

/** @throws PalError for any other rate */
export function expectSampleRate(rate: number, what = 'the sample rate of the audio'): void {
  if (isSampleRate(rate)) return
  throw new PalError(`expected ${what} to be a whole number of Hz from 1000 to 768000, got ${rate}`)
}

/** Fills `output`. Nothing is awaited in here, so calls do not meet in WebAssembly's memory. */
function run(
  wasm: SpeexResampler,
  samples: Float32Array,
  output: Float32Array,
  from: number,
  to: number,
): void {
  const memory = wasm._malloc(4 * (2 * BLOCK + 2))
  const [input, result, counts] = [memory, memory + 4 * BLOCK, memory + 8 * BLOCK]
  const resampler = wasm._speex_resampler_init(1, from, to, QUALITY, counts)
  // The filter looks ahead; without this its delay would shift the sound.
  wasm._speex_resampler_skip_zeros(resampler)
  for (let read = 0, written = 0; written < output.length; ) {
    // Past the end there is silence, which pushes the last samples out of the filter.
    const block = wasm.HEAPF32.subarray(input / 4, input / 4 + BLOCK)
    const given = samples.subarray(read, read + BLOCK)
    block.set(given)
    block.fill(0, given.length)
    wasm.HEAPU32[counts / 4] = BLOCK
    wasm.HEAPU32[counts / 4 + 1] = Math.min(BLOCK, output.length - written)
    wasm._speex_resampler_process_float(resampler, 0, input, counts, result, counts + 4)
    const made = wasm.HEAPU32[counts / 4 + 1]!
    output.set(wasm.HEAPF32.subarray(result / 4, result / 4 + made), written)
    read += wasm.HEAPU32[counts / 4]!
    written += made
  }
  wasm._speex_resampler_destroy(resampler)
  wasm._free(memory)
}
