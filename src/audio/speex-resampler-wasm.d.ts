/** The package has no types of its own. These are the functions of speex_resampler.h that are used here. */
declare module '@echogarden/speex-resampler-wasm/simd' {
  export interface SpeexResampler {
    readonly HEAPF32: Float32Array
    readonly HEAPU32: Uint32Array
    _malloc(bytes: number): number
    _free(pointer: number): void
    _speex_resampler_init(channels: number, from: number, to: number, quality: number, error: number): number
    _speex_resampler_skip_zeros(resampler: number): number
    /** The two counts are read for what is given and what there is room for, and written with what was used. */
    _speex_resampler_process_float(
      resampler: number,
      channel: number,
      input: number,
      inputCount: number,
      output: number,
      outputCount: number,
    ): number
    _speex_resampler_destroy(resampler: number): void
  }
  // biome-ignore lint/style/noDefaultExport: this is what the package exports.
  export default function load(): Promise<SpeexResampler>
}
