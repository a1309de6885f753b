import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A folder of src/encoders/fixtures. The compiler does not copy fixtures, so they are found from the package's root. */
export function fixture(name: string): string {
  const path = join('src/encoders/fixtures', name)
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, path))) folder = dirname(folder)
  return join(folder, path)
}

/** The sound of reference/encoders.py: a tone, a sweep and noise, rounded to 16 bits. */
export function sound(samples: number, rate: number): Float32Array {
  let state = 12345n
  return Float32Array.from({ length: samples }, (_, i) => {
    state = (state * 1103515245n + 12345n) % 2n ** 31n
    const noise = Number(state) / 2 ** 31 - 0.5
    const time = i / rate
    const tone = 0.3 * Math.sin(2 * Math.PI * 440 * time)
    const sweep = 0.2 * Math.sin(2 * Math.PI * (200 + 900 * time) * time)
    const loudness = 0.6 + 0.4 * Math.sin(5 * time)
    return Math.round((tone + sweep + 0.4 * noise) * loudness * 20000) / 32768
  })
}
