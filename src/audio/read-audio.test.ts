import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { PalError } from '../errors.js'
import type { AudioFormat } from './audio.js'
import { decodeWithFfmpeg } from './decode-with-ffmpeg.js'
import { readAudio } from './read-audio.js'
import {
  au,
  constantFlac,
  fixture,
  fixtureBytes,
  float32Bytes,
  levelAt,
  sine,
  wav,
} from './sounds.test.helper.js'

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0

describe('formats: found by content, decoded, mixed down, at the rate that was asked for', () => {
  const files: readonly [
    file: string,
    format: AudioFormat,
    rate: number,
    channels: number,
    seconds: number,
  ][] = [
    ['mono.mp3', 'mp3', 44100, 1, 1],
    ['stereo.mp3', 'mp3', 44100, 2, 1],
    ['no-info.mp3', 'mp3', 44100, 1, 46080 / 44100],
    ['stereo.flac', 'flac', 11025, 2, 2756 / 11025],
    ['mono-24bit.flac', 'flac', 48000, 1, 0.1],
    ['ends-in-ff.flac', 'flac', 16000, 1, 0.1],
    ['ends-in-fff8.flac', 'flac', 16000, 1, 0.1],
    ['mono.oga', 'ogg-flac', 16000, 1, 0.5],
    ['mono.ogg', 'ogg-vorbis', 22050, 1, 1],
    ['stereo.ogg', 'ogg-vorbis', 44100, 2, 1],
    ['mono.opus', 'ogg-opus', 48000, 1, 1],
    ['stereo.opus', 'ogg-opus', 48000, 2, 1],
    ['a-law.wav', 'wav', 8000, 1, 0.25],
    ['mu-law.wav', 'wav', 8000, 1, 0.25],
    ['extensible-24bit.wav', 'wav', 8000, 2, 0.25],
    ['mono.aac', 'aac', 32000, 1, 32768 / 32000],
    ['stereo.m4a', 'm4a', 44100, 2, 1],
  ]
  for (const [file, format, sampleRate, channels, seconds] of files) {
    test(file, async () => {
      const audio = await readAudio(fixture(file))
      assert.deepEqual(audio.source, { name: fixture(file), format, sampleRate, channels, seconds })
      assert.deepEqual(audio.warnings, [])
      assert.equal(audio.damaged, undefined)
      assert.equal(audio.sampleRate, 16000)
      assert.equal(audio.samples.length, Math.round(seconds * 16000))
      // 0.4 and 0.3 in a mono file, each in one of the two channels of a stereo file. LAME takes 5 % off.
      assert.ok(Math.abs(levelAt(audio.samples, 16000, 440) / (0.4 / channels) - 1) < 0.06, '440 Hz')
      assert.ok(Math.abs(levelAt(audio.samples, 16000, 1000) / (0.3 / channels) - 1) < 0.06, '1000 Hz')
      assert.ok(levelAt(audio.samples, 16000, 3000) < 0.003, 'nothing else')
    })
  }
})

describe('wav widths', () => {
  const values = [0, 0.5, -0.5, 0.25, -1]
  const widths: readonly [
    name: string,
    bits: number,
    code: number,
    write: (file: Buffer, value: number, at: number) => void,
  ][] = [
    ['8-bit', 8, 1, (file, value, at) => file.writeUInt8(value * 128 + 128, at)],
    ['16-bit', 16, 1, (file, value, at) => file.writeInt16LE(value * 2 ** 15, at)],
    ['24-bit', 24, 1, (file, value, at) => file.writeIntLE(value * 2 ** 23, at, 3)],
    ['32-bit', 32, 1, (file, value, at) => file.writeInt32LE(value * 2 ** 31, at)],
    ['float', 32, 3, (file, value, at) => file.writeFloatLE(value, at)],
    ['double', 64, 3, (file, value, at) => file.writeDoubleLE(value, at)],
  ]
  for (const [name, bits, code, write] of widths) {
    test(name, async () => {
      const data = Buffer.alloc((values.length * bits) / 8)
      values.forEach((value, i) => {
        write(data, value, (i * bits) / 8)
      })
      assert.deepEqual([...(await readAudio(wav(data, { bits, code }))).samples], values)
    })
  }
})

describe('AU widths, big-endian', () => {
  const values = [0, 0.5, -0.5, 0.25, -1]
  const widths: readonly [
    name: string,
    bytes: number,
    encoding: number,
    write: (file: Buffer, value: number, at: number) => void,
  ][] = [
    ['8-bit', 1, 2, (file, value, at) => file.writeInt8(value * 128, at)],
    ['16-bit', 2, 3, (file, value, at) => file.writeInt16BE(value * 2 ** 15, at)],
    ['24-bit', 3, 4, (file, value, at) => file.writeIntBE(value * 2 ** 23, at, 3)],
    ['32-bit', 4, 5, (file, value, at) => file.writeInt32BE(value * 2 ** 31, at)],
    ['float', 4, 6, (file, value, at) => file.writeFloatBE(value, at)],
    ['double', 8, 7, (file, value, at) => file.writeDoubleBE(value, at)],
  ]
  for (const [name, bytes, encoding, write] of widths) {
    test(name, async () => {
      const data = Buffer.alloc(values.length * bytes)
      values.forEach((value, i) => {
        write(data, value, i * bytes)
      })
      const audio = await readAudio(au(data, { encoding }), { sampleRate: 22050 })
      assert.deepEqual([...audio.samples], values)
      const { format, sampleRate, channels } = audio.source
      assert.deepEqual([format, sampleRate, channels, audio.warnings.length], ['au', 22050, 1, 0])
    })
  }

  test('mu-law and A-law, as in wav', async () => {
    const codes = Uint8Array.from({ length: 256 }, (_, i) => i)
    for (const [encoding, code] of [
      [1, 7],
      [27, 6],
    ] as const) {
      const options = { sampleRate: 8000 }
      const { samples } = await readAudio(au(codes, { encoding, ...options }), options)
      assert.deepEqual(samples, (await readAudio(wav(codes, { code, bits: 8, ...options }), options)).samples)
    }
  })

  test('a note behind the header, several channels, and a length that nobody knew', async () => {
    const data = Buffer.alloc(8)
    for (const [i, value] of [0.5, 0.25, -0.5, 0].entries()) data.writeInt16BE(value * 2 ** 15, 2 * i)
    for (const declared of [0xffffffff, 0]) {
      const file = au(data, { channels: 2, offset: 40, declared })
      const { samples, warnings } = await readAudio(file, { sampleRate: 22050 })
      assert.deepEqual([...samples], [0.375, -0.25])
      assert.deepEqual(warnings, [])
    }
  })
})

test('Node has something to wait for as long as a sound is decoded, and no longer', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  const reading = readAudio(fixtureBytes('mono.ogg'))
  await Promise.resolve()
  assert.equal(timers(), before + 1)
  await reading
  assert.equal(timers(), before)
})

test('any number of channels becomes their mean', async () => {
  const data = float32Bytes([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, -0.6, 0, 0, 0, 0, 0])
  const { samples, source } = await readAudio(wav(data, { code: 3, bits: 32, channels: 6 }))
  assert.equal(source.channels, 6)
  assert.ok(Math.abs(samples[0]! - 0.35) < 1e-6 && Math.abs(samples[1]! + 0.1) < 1e-6)
})

test('a 192 kHz file', async () => {
  const data = float32Bytes(sine(1000, 192000, 0.5))
  const audio = await readAudio(wav(data, { code: 3, bits: 32, sampleRate: 192000 }))
  assert.equal(audio.samples.length, 8000)
  assert.ok(Math.abs(levelAt(audio.samples, 16000, 1000) - 0.5) < 0.001)
})

test('an hour, in the memory that its samples need', async () => {
  const hour = wav(new Uint8Array(8000 * 3600).fill(200), { bits: 8, sampleRate: 8000 })
  const before = process.memoryUsage().arrayBuffers
  const audio = await readAudio(hour, { sampleRate: 8000 })
  assert.equal(audio.seconds, 3600)
  assert.ok(process.memoryUsage().arrayBuffers - before < 1.1 * 4 * 8000 * 3600)
})

test('bytes, a stream, a path and its URL give the same', async () => {
  const fromPath = await readAudio(fixture('stereo.flac'))
  const fromUrl = await readAudio(pathToFileURL(fixture('stereo.flac')))
  const fromBytes = await readAudio(fixtureBytes('stereo.flac'))
  const fromStream = await readAudio(Readable.from([...chunks(fixtureBytes('stereo.flac'), 1000)]), {
    name: 'mine',
  })
  assert.deepEqual(fromUrl, fromPath)
  assert.deepEqual(fromBytes.samples, fromPath.samples)
  assert.deepEqual(fromStream.samples, fromPath.samples)
  assert.equal(fromBytes.source.name, 'audio bytes')
  assert.equal(fromStream.source.name, 'mine')
})

test('a dash is standard input', () => {
  const module = JSON.stringify(new URL('read-audio.js', import.meta.url).href)
  const script = `import(${module}).then(({ readAudio }) => readAudio('-')).then(({ source }) => console.log(source.name, source.format))`
  const { stdout } = spawnSync(process.execPath, ['-e', script], { input: fixtureBytes('stereo.mp3') })
  assert.equal(stdout.toString(), 'standard input mp3\n')
})

test('many at once do not disturb each other', async () => {
  const alone = await readAudio(fixture('stereo.ogg'))
  const together = await Promise.all(Array.from({ length: 8 }, () => readAudio(fixture('stereo.ogg'))))
  for (const { samples } of together) assert.deepEqual(samples, alone.samples)
})

test('tags before and after the sound are passed over', async () => {
  const before = Buffer.from(`ID3\x04\0\0\0\0\x01\x00${'\0'.repeat(128)}`, 'latin1')
  const after = Buffer.from('TAG'.padEnd(128, ' '), 'latin1')
  const tagged = Buffer.concat([before, fixtureBytes('stereo.flac'), after])
  const audio = await readAudio(tagged)
  assert.deepEqual(audio.samples, (await readAudio(fixture('stereo.flac'))).samples)
  assert.deepEqual(audio.warnings, [])
})

test('an mp3 whose encoder did not note its delay is not taken for cut short', async () => {
  const bytes = Buffer.from(fixtureBytes('mono.mp3'))
  bytes.fill(0, bytes.indexOf('Lav'), bytes.indexOf('Lav') + 24)
  assert.deepEqual((await readAudio(bytes)).warnings, [])
})

describe('warnings', () => {
  const shortened: readonly [file: string, kept: number, warning: RegExp][] = [
    ['mono.mp3', 0.6, /^x: the file is cut short or damaged: decoded 0\.5\d s of 1\.00 s$/],
    ['no-info.mp3', 0.6, /^x: the file is cut short or damaged: decoded 0\.6\d s$/],
    ['stereo.flac', 0.9, /^x: the file is cut short or damaged: decoded 0\.1\d s of 0\.25 s$/],
    ['mono.oga', 0.6, /^x: the file is cut short or damaged: decoded 0\.\d\d s$/],
    ['mono.ogg', 0.9, /^x: the file is cut short or damaged: decoded 0\.\d\d s$/],
    ['mono.opus', 0.6, /^x: the file is cut short or damaged: decoded 0\.\d\d s$/],
    ['mu-law.wav', 0.6, /^x: the file is cut short or damaged: decoded 0\.15 s of 0\.25 s$/],
  ]
  for (const [file, kept, warning] of shortened) {
    test(`${file} cut short gives what is there`, async () => {
      const whole = fixtureBytes(file)
      const audio = await readAudio(whole.subarray(0, whole.length * kept), { name: 'x' })
      assert.match(audio.warnings.join(), warning)
      assert.ok(audio.damaged)
      assert.ok(audio.seconds > 0.05)
    })
  }

  test('AU cut short gives what is there', async () => {
    const whole = au(Buffer.alloc(22050, 1))
    const audio = await readAudio(whole.subarray(0, 24 + 4410), { name: 'x' })
    assert.deepEqual(audio.warnings, ['x: the file is cut short or damaged: decoded 0.10 s of 0.50 s'])
  })

  test('damage in the middle is told, and nothing is written to the console', async (t) => {
    const error = t.mock.method(console, 'error', () => {})
    const damaged = fixtureBytes('mono.mp3').slice()
    damaged.fill(0x55, 3200, 4500)
    assert.match(
      (await readAudio(damaged)).warnings.join(),
      /cut short or damaged: decoded 0\.\d\d s of 1\.00 s/,
    )
    assert.equal(error.mock.callCount(), 0)
  })

  test('what lies behind a damaged frame of FLAC is heard in its place', async () => {
    const whole = fixtureBytes('stereo.flac')
    const options = { name: 'x', sampleRate: 11025 }
    const expected = (await readAudio(whole, options)).samples
    for (const [from, to, lostFrom, lostTo] of [
      [8400, 8410, 0, 512],
      [9700, 10800, 512, 1536],
    ] as const) {
      const { samples, warnings } = await readAudio(Uint8Array.from(whole).fill(0x55, from, to), options)
      assert.deepEqual(samples, expected.slice().fill(0, lostFrom, lostTo))
      const lost = (lostTo - lostFrom) / 11025
      assert.deepEqual(warnings, [
        `x: the file is cut short or damaged: decoded ${(0.25 - lost).toFixed(2)} s of 0.25 s, with silence in the place of ${lost.toFixed(2)} s that are damaged`,
      ])
    }
  })

  test('silence', async () => {
    const audio = await readAudio(wav(new Uint8Array(32000)), { name: 'x' })
    assert.deepEqual(audio.warnings, ['x: the audio is silent: no sample in 1.00 s is above -90 dB'])
  })

  test('channels that cancel each other out', async () => {
    const data = float32Bytes([0.5, -0.5, -0.25, 0.25, 0, 0])
    const audio = await readAudio(wav(data, { code: 3, bits: 32, channels: 2 }), { name: 'x' })
    assert.deepEqual(audio.warnings, [
      'x: the audio is silent: no sample in 0.00 s is above -90 dB, mixed down: its 2 channels may cancel each other out',
    ])
  })

  test('floats on the scale of integers', async () => {
    const audio = await readAudio(wav(float32Bytes([0, 12000, -5]), { code: 3, bits: 32 }), { name: 'x' })
    assert.deepEqual(audio.warnings, ['x: the samples reach 1.20e+4, where [-1, 1] was expected'])
  })
})

describe('audio that is longer than it may be', () => {
  const refused: readonly [name: string, bytes: Uint8Array, got: string][] = [
    ['wav', wav(new Uint8Array(32000)), '1.00 s'],
    ['AU', au(new Uint8Array(44100)), '1.00 s'],
    // What does not even decode is refused by what it says.
    ['FLAC, by its header', constantFlac(0, { declared: 85_000_000 }), 'a file that says it has 5312.50 s'],
    ['mp3', fixtureBytes('mono.mp3'), '1.00 s and perhaps more'],
    ['FLAC in Ogg', fixtureBytes('mono.oga'), '0.39 s and perhaps more'],
    ['AAC', fixtureBytes('mono.aac'), 'a file that says it has 1.03 s'],
    ['m4a', fixtureBytes('stereo.m4a'), 'a file that says it has 1.03 s'],
  ]
  for (const [name, bytes, got] of refused) {
    test(name, async () => {
      const message = `x: expected at most 0.25 s of audio, got ${got}\nCut it in parts, or allow more with \`maxSeconds\` (\`pal ask --max-seconds\`).`
      await assert.rejects(readAudio(bytes, { name: 'x', maxSeconds: 0.25 }), { name: 'PalError', message })
    })
  }

  test('FLAC that does not say so is decoded no further', async () => {
    // 2867 s, of which a piece of the file is the first 1300 or so.
    const bytes = constantFlac(700, { declared: 0 })
    assert.ok(bytes.length < 10_000)
    await assert.rejects(readAudio(bytes, { maxSeconds: 10 }), /got 1[23]\d\d\.\d\d s and perhaps more/)
  })

  test('nor is Vorbis or Opus', async () => {
    for (const file of ['mono.ogg', 'stereo.opus']) {
      await assert.rejects(readAudio(fixture(file), { maxSeconds: 0.1 }), /got \d\.\d\d s and perhaps more/)
    }
  })

  test('as long as it may be is not longer', async () => {
    for (const [file, maxSeconds] of [
      ...[['mono.mp3', 1] as const, ['mono.oga', 0.5] as const, ['stereo.flac', 2756 / 11025] as const],
      ...[['stereo.ogg', 1] as const, ['stereo.opus', 1] as const, ['mu-law.wav', 0.25] as const],
      ...[['mono.aac', 32768 / 32000] as const, ['stereo.m4a', 1.1] as const],
    ]) {
      assert.ok((await readAudio(fixture(file), { maxSeconds })).seconds > 0, file)
    }
  })

  test('an hour unless more is asked for', async () => {
    const long = wav(new Uint8Array(1000 * 3601).fill(200), { bits: 8, sampleRate: 1000 })
    await assert.rejects(readAudio(long), /expected at most 3600 s of audio, got 3601\.00 s/)
    assert.equal((await readAudio(long, { sampleRate: 1000, maxSeconds: 3601 })).seconds, 3601)
    const any = { sampleRate: 1000, maxSeconds: Number.POSITIVE_INFINITY }
    assert.equal((await readAudio(long, any)).seconds, 3601)
  })

  test('a length that nobody knew, written as the largest there is, is not one', async () => {
    const stream = wav(new Uint8Array(3200).fill(1), { declared: 0x7ffff000 })
    assert.equal((await readAudio(stream)).seconds, 0.1)
  })

  test('a limit that cannot be', async () => {
    for (const [maxSeconds, got] of [
      [0, '0'],
      [Number.NaN, 'NaN'],
      ['10', '"10"'],
    ]) {
      await assert.rejects(readAudio(fixture('mono.mp3'), { maxSeconds: maxSeconds as number }), {
        name: 'PalError',
        message: `maxSeconds: expected a number above 0, got ${got}`,
      })
    }
  })
})

describe('errors are sentences', () => {
  const audible = float32Bytes(sine(440, 16000, 0.1))
  const refused: readonly [name: string, bytes: Uint8Array, message: RegExp][] = [
    ['an empty file', new Uint8Array(0), /^x: expected audio, got an empty file \(0 bytes\)$/],
    ['text', Buffer.from('hello there, this is no audio'), /got a file that begins with "hello there, thi"$/],
    ['binary', Uint8Array.of(0, 1, 2, 254), /got a file that begins with bytes 00 01 02 fe$/],
    [
      'another format',
      Buffer.from('FORM....AIFF'),
      /got an AIFF file that begins with "FORM\.\.\.\.AIFF"\nConvert it first/,
    ],
    [
      'an image',
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
      /got a PNG image that begins with bytes 89 50 4e 47/,
    ],
    [
      'an Ogg video',
      oggOf('\x80theora'),
      /expected Vorbis, Opus or FLAC in this Ogg file, got a stream that begins with bytes 80/,
    ],
    ['no channels', wav(audible, { channels: 0 }), /expected a wav of one channel or more, got 0 channels/],
    ['no samples', wav(new Uint8Array(0)), /expected audio, but it has no samples/],
    [
      'a header alone',
      wav(new Uint8Array(0), { declared: 32000 }),
      /cut short or damaged before its first sample/,
    ],
    ['no data', wav(new Uint8Array(0)).subarray(0, 36), /expected a wav with sound, found no "data" chunk/],
    [
      'NaN',
      wav(float32Bytes([0, 0.5, Number.NaN]), { code: 3, bits: 32 }),
      /got NaN at 0\.000 s \(sample 2\)\nThe program/,
    ],
    [
      'an absurd rate',
      wav(audible, { sampleRate: 7 }),
      /^x: expected the sample rate of the audio to be a whole number of Hz/,
    ],
    ['12 bits', wav(audible, { bits: 12 }), /got 12-bit integer\nConvert it first/],
    ['ADPCM', fixtureBytes('ima-adpcm.wav'), /got 4-bit IMA ADPCM/],
    [
      'AU: ADPCM',
      au(audible, { encoding: 23 }),
      /expected an AU file of .*, got G\.721 ADPCM\nConvert it first/,
    ],
    ['AU: an encoding of nobody', au(audible, { encoding: 99 }), /, got encoding 99\nConvert it first/],
    ['AU: no channels', au(audible, { channels: 0 }), /expected an AU file of one channel or more, got 0/],
    ['AU: half a header', au(audible).subarray(0, 20), /24 bytes or more .* AU file, got 20/],
    ['AU: an offset into its header', au(audible, { offset: 24 }).fill(8, 7, 8), /expected .* got 8/],
    [
      'AU: a header alone',
      au(new Uint8Array(0), { declared: 320 }),
      /cut short or damaged before its first sample/,
    ],
    [
      'flac whose first frame is damaged',
      Uint8Array.from(fixtureBytes('ends-in-ff.flac')).fill(0x55, 100, 200),
      /cut short or damaged before its first sample/,
    ],
    [
      'flac headers without frames',
      fixtureBytes('stereo.flac').subarray(0, 60),
      /cut short or damaged before/,
    ],
  ]
  for (const [name, bytes, message] of refused) {
    test(name, async () => {
      await assert.rejects(
        readAudio(bytes, { name: 'x' }),
        (error) => error instanceof PalError && message.test(error.message),
      )
    })
  }

  test('a missing path', async () => {
    await assert.rejects(
      readAudio('no/such.wav'),
      /^PalError: no\/such\.wav: expected an audio file, got no such file\nLooked from /,
    )
  })

  test('a web address', async () => {
    await assert.rejects(readAudio('https://example.org/a.wav'), /download it first/)
    await assert.rejects(
      readAudio(new URL('https://example.org/a.wav')),
      /^PalError: expected the file: URL of a path on this machine, got "https:\/\/example\.org\/a\.wav"\n.*download/,
    )
  })

  test('a path with a null byte', async () => {
    await assert.rejects(readAudio('a\0b.wav'), {
      name: 'PalError',
      message: '"a\\u0000b.wav": expected an audio file, got a path with a null byte',
    })
  })

  test('an address of a file, as a text', async () => {
    await assert.rejects(
      readAudio('file:///no/such.wav'),
      /^PalError: file:\/\/\/no\/such\.wav: expected an audio file, got no such file\nGive .* without file:\/\/, or .* new URL\("file:\/\/\/no\/such\.wav"\)\.$/,
    )
  })

  test('what is no source', async () => {
    for (const [source, kind] of [
      [3, 'number'],
      [undefined, 'undefined'],
      [new ArrayBuffer(8), 'ArrayBuffer'],
      [{ samples: new Float32Array(3), sampleRate: 16000 }, 'Object'],
    ] as const) {
      await assert.rejects(readAudio(source as never), {
        name: 'PalError',
        message: `source: expected a path, a file: URL, the bytes of a file or a stream of them, got ${kind}`,
      })
    }
  })

  test('options that there are not, or cannot be', async () => {
    for (const [options, message] of [
      [null, 'expected options, such as { sampleRate: 16000 }, got null'],
      [
        { samplerate: 8000 },
        'samplerate: expected an option that there is (sampleRate, name, maxSeconds, signal), got "samplerate"\nDid you mean "sampleRate"?',
      ],
      [{ sampleRate: '8000' }, 'sampleRate: expected a whole number of Hz from 1000 to 768000, got "8000"'],
      [{ name: 3 }, 'name: expected a text, got 3'],
      [{ signal: 3 }, 'signal: expected the signal of an AbortController, got 3'],
    ] as const) {
      const reading = readAudio(fixture('mono.mp3'), options as never)
      await assert.rejects(reading, { name: 'PalError', message })
    }
  })

  test('a folder', async () => {
    await assert.rejects(
      readAudio(dirname(fixture('mono.mp3'))),
      /^PalError: .*: expected an audio file, got a folder$/,
    )
  })

  test('a stream of text', async () => {
    await assert.rejects(
      readAudio(Readable.from(['RIFF'])),
      /expected a stream of bytes, got a stream of text/,
    )
    await assert.rejects(
      readAudio(Readable.from([[82, 73]])),
      /^PalError: audio stream: expected a stream of bytes, got a stream of Array$/,
    )
  })

  test('AAC where there is neither decoder', async (t) => {
    const { PATH } = process.env
    process.env.PATH = ''
    t.after(() => {
      process.env.PATH = PATH
    })
    await assert.rejects(
      decodeWithFfmpeg(fixtureBytes('stereo.m4a'), 'm4a', 3600),
      /AAC audio needs a decoder of its own, and none was found/,
    )
  })

  test('AAC by ffmpeg', { skip: !hasFfmpeg && 'there is no ffmpeg here' }, async () => {
    const { samples, sampleRate, channels } = await decodeWithFfmpeg(fixtureBytes('stereo.m4a'), 'm4a', 1)
    assert.deepEqual({ sampleRate, channels }, { sampleRate: 44100, channels: 2 })
    assert.ok(Math.abs(levelAt(samples, 44100, 440) / 0.2 - 1) < 0.1)
    await assert.rejects(
      decodeWithFfmpeg(fixtureBytes('stereo.m4a').subarray(0, 2000), 'm4a', 3600),
      /expected m4a audio, but ffmpeg could not decode it: .+/,
    )
    await assert.rejects(
      decodeWithFfmpeg(fixtureBytes('stereo.m4a'), 'm4a', 0.5),
      /expected at most 0\.5 s of audio, got 1\.\d\d s and perhaps more/,
    )
  })

  test('AAC that is cut short says so', async () => {
    const whole = fixtureBytes('mono.aac')
    const { warnings } = await readAudio(whole.subarray(0, whole.length / 2), { name: 'x' })
    assert.match(warnings.join(), /the file is cut short or damaged: decoded 0\.\d+ s/)
  })

  test('AAC whose last frame or box has no length comes to an end', { timeout: 10_000 }, async () => {
    const frame = Buffer.from([0xff, 0xf1, 0x50, 0x80, 0x00, 0x1f, 0xfc])
    const box = Buffer.from([0, 0, 0, 1, 0x66, 0x72, 0x65, 0x65, 0, 0, 0, 0, 0, 0, 0, 0])
    for (const [file, end] of [
      ['mono.aac', frame],
      ['stereo.m4a', box],
    ] as const) {
      const { warnings } = await readAudio(Buffer.concat([fixtureBytes(file), end]), { name: 'x' })
      assert.match(warnings.join(), /the file is cut short or damaged/, file)
    }
  })

  test('a broken m4a', async () => {
    const start = fixtureBytes('stereo.m4a').subarray(0, 2000)
    await assert.rejects(
      readAudio(start, { name: 'x' }),
      /^PalError: x: expected m4a audio, got a file that is damaged or cut off/,
    )
  })
})

function* chunks(bytes: Uint8Array, length: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

/** The first page of an Ogg stream, with one packet. */
function oggOf(packet: string): Uint8Array {
  return Buffer.from(
    `OggS\0\x02${'\0'.repeat(20)}\x01${String.fromCharCode(packet.length)}${packet}`,
    'latin1',
  )
}
