import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { EncoderConfig } from '../../encoders/encoder.js'
import { findModel } from '../../hub/find-model.js'
import type { ModelConfig, NamedEncoder } from '../config/config.js'
import { tokenCount, tokensEnd, tokenTimes } from './token-count.js'

/** The published AST, but for the sizes that change no time: 101 steps of 12 bands, 1600 samples apart, in 163,840. */
const AST: EncoderConfig = {
  ...{ kind: 'ast', sampleRate: 16000, hopSize: 160, melBins: 128, frames: 1024, mean: 0, deviation: 1 },
  ...{
    patchSize: 16,
    frameStride: 10,
    binStride: 10,
    hiddenSize: 16,
    layers: 1,
    heads: 2,
    feedForwardSize: 8,
  },
  ...{ normEpsilon: 1e-12, queryKeyValueBias: true, windowSeconds: 10.24 },
}
const WHISPER: EncoderConfig = {
  ...{ kind: 'whisper', sampleRate: 16000, hopSize: 160, melBins: 80, hiddenSize: 16, layers: 1, heads: 2 },
  ...{ feedForwardSize: 8, windowSeconds: 6 },
}

const named = (encoder: EncoderConfig, pool = 1): NamedEncoder => ({
  name: 'general',
  encoder,
  connector: { kind: 'mlp', pool, clock: true },
})

describe('the times that shipped models have learnt with, to the bit', async () => {
  const file = join(findModel('pal-smollm2-135m'), 'config.json')
  const { model } = JSON.parse(await readFile(file, 'utf8')) as { model: ModelConfig }
  for (const [name, seconds] of [
    ['general', 1280 / 16000],
    ['effects', 3200 / 16000],
    ['speech', (320 / 16000) * 10],
  ] as const) {
    test(name, () => {
      const one = model.encoders.find((encoder) => encoder.name === name)!
      for (const start of [0, 5.12]) {
        const expected = Array.from({ length: 500 }, (_, i) => start + (i + 0.5) * seconds)
        assert.deepEqual(tokenTimes(one, 500, start), expected)
        assert.equal(tokensEnd(one, 500, start), start + 500 * seconds)
      }
    })
  }
})

test('a window begins where it was cut, though the last step of the one before ends earlier', () => {
  const ast = named(AST)
  const perWindow = tokenCount(ast, 163_840).audio
  assert.equal(perWindow, 101 * 12)
  const times = tokenTimes(ast, 6 * perWindow, 2)
  close(times[perWindow - 1]!, 2 + 100.5 * 0.1)
  close(times[5 * perWindow]!, 2 + 51.2 + 0.05)
  close(tokensEnd(ast, 5 * perWindow, 2), 2 + 51.2)
  close(tokensEnd(ast, 5 * perWindow + 3 * 12, 2), 2 + 51.2 + 0.3)
})

test('the bands of a step have one time', () => {
  const times = tokenTimes(named(AST), 24)
  for (const [i, time] of times.entries()) close(time, i < 12 ? 0.05 : 0.15)
})

test('a pool has the mean of the times that it joins', () => {
  const short: EncoderConfig = { ...AST, frames: 106, melBins: 46, windowSeconds: 1.06 } // 10 steps of 4 bands
  const times = tokenTimes(named(short, 5), 9)
  for (const [i, expected] of [0.07, 0.19, 0.31].entries()) close(times[i]!, expected)
  close(times[8]!, 1.06 + 0.07)
})

test('all tokens of a window, where all are given on, are heard one after the other', () => {
  assert.deepEqual(tokenTimes(named({ ...WHISPER, tokens: 'window' }), 900), tokenTimes(named(WHISPER), 900))
  assert.deepEqual(tokenTimes(named({ ...AST, tokens: 'window' }), 3000), tokenTimes(named(AST), 3000))
})

function close(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual}, not ${expected}`)
}
