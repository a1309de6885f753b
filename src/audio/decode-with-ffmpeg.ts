import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeWav } from './decode-wav.js'
import { type Decoded, DecodeError } from './decoded.js'
import { expectWithinSoFar } from './length-limit.js'

/** ffmpeg's names for the containers that are left to it. */
const DEMUXERS = { aac: 'aac', m4a: 'mov' } as const

/**
 * AAC by the machine's ffmpeg. The file goes through a temporary folder because an m4a may keep its table of
 * contents at its end, which a pipe could not go back from.
 */
export async function decodeWithFfmpeg(
  bytes: Uint8Array,
  format: keyof typeof DEMUXERS,
  maxSeconds: number,
): Promise<Decoded> {
  const folder = await mkdtemp(join(tmpdir(), 'pal-audio-'))
  try {
    const path = join(folder, 'input')
    await writeFile(path, bytes)
    const { wav, complaint } = await ffmpeg(path, DEMUXERS[format], maxSeconds)
    if (wav.length === 0)
      throw new DecodeError(`expected ${format} audio, but ffmpeg could not decode it: ${complaint}`)
    const decoded = decodeWav(wav, Number.POSITIVE_INFINITY)
    expectWithinSoFar(maxSeconds, decoded.samples.length, decoded.sampleRate)
    return { ...decoded, completeness: { complete: complaint === '' } }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Float wav from ffmpeg's standard output, and the first line of what it complained about. */
function ffmpeg(
  path: string,
  demuxer: string,
  maxSeconds: number,
): Promise<{ wav: Uint8Array; complaint: string }> {
  const input = ['-protocol_whitelist', 'file', '-f', demuxer, '-i', `file:${path}`, '-map', '0:a:0']
  // A second more tells what is longer from what is as long as it may be.
  const most = Number.isFinite(maxSeconds) ? ['-t', String(maxSeconds + 1)] : []
  const output = [...most, '-f', 'wav', '-c:a', 'pcm_f32le', 'pipe:1']
  const child = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', ...input, ...output])
  const wav: Buffer[] = []
  let complaints = ''
  child.stdout.on('data', (chunk: Buffer) => wav.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => reject(noFfmpeg(cause)))
    child.on('close', () => {
      const [complaint = ''] = complaints.replaceAll(`file:${path}`, 'the file').trim().split('\n')
      resolve({ wav: Buffer.concat(wav), complaint: complaint.replace(/^\[[^\]]*\] /, '') })
    })
  })
}

function noFfmpeg(cause: Error): DecodeError {
  return new DecodeError('AAC audio needs a decoder of its own, and none was found on this machine', {
    hint: 'Run `npm install @audio/decode-aac` (GPL-2.0) beside pal-audio, or install ffmpeg so that it is on the PATH.',
    cause,
  })
}
