/** What the front ends of most encoders say of their spectrograms. */
interface Mel {
  /** Hz. */
  readonly sampleRate: number
  /** Samples of a frame. @default as many as of the Fourier transform */
  readonly windowSize?: number
  readonly hopSize: number
  readonly fftSize: number
  /** Hz. */
  readonly lowestFrequency: number
  readonly highestFrequency: number
}

/** A setting that no spectrogram can have, and what it should be. */
export interface MelMistake {
  readonly key: keyof Mel
  readonly message: string
}

/**
 * What cannot be among the settings of a mel spectrogram. Bands above half of the sample rate are not among it: they are silent, and
 * a pretrained encoder may have some, as aiSFX does.
 */
export function melMistakes(mel: Mel): readonly MelMistake[] {
  const { hopSize, fftSize, lowestFrequency, highestFrequency, windowSize = fftSize } = mel
  const frame = mel.windowSize === undefined ? 'fftSize' : 'windowSize'
  return [
    mistake(
      'lowestFrequency',
      lowestFrequency < highestFrequency,
      `less than highestFrequency, ${highestFrequency} Hz`,
    ),
    mistake('fftSize', fftSize % 2 === 0, 'an even number'),
    mistake('fftSize', fftSize >= windowSize, `at least windowSize, ${windowSize}`),
    mistake('hopSize', hopSize <= windowSize, `at most ${frame}, ${windowSize}, for no sample to be skipped`),
  ].filter((one) => one !== undefined)

  function mistake(key: keyof Mel, holds: boolean, expected: string): MelMistake | undefined {
    return holds ? undefined : { key, message: `expected ${expected}, got ${mel[key]}` }
  }
}
