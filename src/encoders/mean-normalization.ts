import { clampMin, div, exp, floor, mul, neg, sub } from '../graph/elementwise.js'
import { matmul } from '../graph/matmul.js'
import { mean } from '../graph/reduce.js'
import { reshape } from '../graph/shape.js'
import { fixed, type Graph, type Tensor } from '../graph/tensor.js'
import { before } from './fixed-window.js'
import type { LogMelConfig } from './log-mel.js'

/**
 * Log-mels less their mean over a stretch of time around each frame, band by band (cepstral mean normalization, Atal 1974): a
 * microphone, a room and much of a voice multiply the spectrum, which adds the same to the logarithm of each frame and is
 * gone with the mean. Frames weigh as much as their power (the geometric mean over the bands), so that silence around a sound
 * changes little; the stretch is short, so that neither does another sound of a scene.
 *
 * @param spectrogram [batch, frames, melBins], as `logMel` makes it
 * @param lengths [batch, 1], samples of each audio; frames that begin behind its end do not count
 * @param seconds of the stretch, half of it before a frame and half behind
 * @returns [batch, frames, melBins]
 */
export function meanNormalized(
  spectrogram: Tensor,
  lengths: Tensor,
  { sampleRate, hopSize, deviation }: LogMelConfig,
  seconds: number,
): Tensor {
  const [batch, frames] = spectrogram.shape.map(fixed) as [number, number]
  const count = neg(floor(div(lengths, -hopSize)))
  const heard = reshape(before(count, frames), [batch, frames, 1])
  const power = mul(exp(mul(mean(spectrogram, [2]), deviation)), heard)
  const near = nearFrames(spectrogram.graph, frames, Math.round((seconds * sampleRate) / hopSize / 2))
  const total = clampMin(matmul(near, power), NOTHING_HEARD)
  return sub(spectrogram, div(matmul(near, mul(spectrogram, power)), total))
}

/** Far below the power of a single frame of silence: long after an audio's end there is nothing to divide by. */
const NOTHING_HEARD = 1e-12

/** [frames, frames]: 1 where two frames are at most `reach` apart. */
function nearFrames(graph: Graph, frames: number, reach: number): Tensor {
  const near = new Float32Array(frames * frames)
  for (let i = 0; i < frames; i++) {
    near.fill(1, i * frames + Math.max(0, i - reach), i * frames + Math.min(frames, i + reach + 1))
  }
  return graph.constant(near, [frames, frames])
}
