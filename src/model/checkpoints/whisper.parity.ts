import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { encode } from '../../encoders/encoder.js'
import { whisperFeatures } from '../../encoders/whisper.js'
import { relativeError } from '../../graph/parity.test.helper.js'
import { Graph } from '../../graph/tensor.js'
import { Scope } from '../../nn/scope.js'
import { Runtime } from '../../runtime/runtime.js'
import { openSafetensors, readTensor } from '../../weights/safetensors.js'
import { openEncoder } from './open-encoder.js'

/** What reference/whisper_weights.py has written, a folder of its own or one within PAL_REFERENCE. */
const folder = process.env.PAL_REFERENCE_WHISPER ?? join(process.env.PAL_REFERENCE ?? '', 'whisper-tiny-en')
const skip = existsSync(join(folder, 'expected.safetensors'))
  ? false
  : 'run `python reference/whisper_weights.py MODEL_FOLDER SOUND.wav FOLDER`, then set PAL_REFERENCE_WHISPER=FOLDER'

test('Whisper tiny.en: features and all 1500 tokens of a window', { skip }, async (context) => {
  const { tensors } = await openSafetensors(join(folder, 'expected.safetensors'))
  const expected = (name: string) => readTensor(tensors.get(name)!)
  const { config, weights } = await openEncoder(folder)
  assert.ok(config.kind === 'whisper')
  const wave = await expected('wave')
  const graph = new Graph()
  const waveform = graph.input('waveform', [1, wave.length])
  const features = whisperFeatures(waveform, config)
  const tokens = encode(new Scope(graph), { ...config, tokens: 'window' }, { waveform })
  const runtime = await Runtime.start()
  try {
    const program = await runtime.compile({ features, tokens }, { weights })
    const { outputs } = await program.run({ waveform: wave })
    const theirs = await expected('features')
    const ours = outputs.features!.data as Float32Array
    assert.equal(ours.length, theirs.length)
    const worst = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0)
    const error = relativeError(outputs.tokens!.data as Float32Array, await expected('tokens'))
    context.diagnostic(
      `largest error of a feature ${worst.toExponential(1)}, relative error of tokens ${error.toExponential(1)}`,
    )
    assert.ok(worst < 1e-4 && error < 1e-4, `${worst} ${error}`)
  } finally {
    await runtime.close()
  }
})
