import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeWav } from '../../audio/write-wav.js'

const RATE = 44_100

/** ESC-50 as it is published, of two invented recordings. */
export async function writeTinyEsc50(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pal-esc50-'))
  for (const name of ['meta', 'audio']) await mkdir(join(folder, name))
  const clips = [
    '1-17367-A-36.wav,1,36,vacuum_cleaner,False,17367,A',
    '2-72970-A-10.wav,2,10,rain,True,72970,A',
  ]
  for (const [i, clip] of clips.entries()) {
    const samples = Float32Array.from({ length: RATE / 4 }, (_, n) => 0.2 * Math.sin(0.05 * (i + 1) * n))
    await writeFile(join(folder, 'audio', clip.slice(0, clip.indexOf(','))), encodeWav(samples, RATE))
  }
  const header = 'filename,fold,target,category,esc10,src_file,take'
  await writeFile(join(folder, 'meta', 'esc50.csv'), `${[header, ...clips].join('\n')}\n`)
  return folder
}
