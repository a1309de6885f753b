import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { yamnetFeatures, yamnetTokens } from '../../encoders/yamnet.js'
import { relativeError } from '../../graph/parity.test.helper.js'
import { mean } from '../../graph/reduce.js'
import { Graph } from '../../graph/tensor.js'
import { Scope } from '../../nn/scope.js'
import { Runtime } from '../../runtime/runtime.js'
import { openSafetensors, readTensor } from '../../weights/safetensors.js'
import { openEncoder } from './open-encoder.js'

/** What reference/yamnet_weights.py has written, a folder of its own or one within PAL_REFERENCE. */
const folder = process.env.PAL_REFERENCE_YAMNET ?? join(process.env.PAL_REFERENCE ?? '', 'yamnet')
const skip = existsSync(join(folder, 'expected.safetensors'))
  ? false
  : 'run `python reference/yamnet_weights.py MODEL FOLDER`, then set PAL_REFERENCE_YAMNET=FOLDER'

test('YAMNet: features, and the embedding of the one patch that it hears at a time', {
  skip,
}, async (context) => {
  const { tensors } = await openSafetensors(join(folder, 'expected.safetensors'))
  const expected = (name: string) => readTensor(tensors.get(name)!)
  const { config, weights } = await openEncoder(folder)
  assert.ok(config.kind === 'yamnet')
  const wave = await expected('wave')
  const graph = new Graph()
  const features = yamnetFeatures(graph.input('waveform', [1, wave.length]), config)
  // Nothing follows: the original has zeros behind its patch, where an audio of ours has silence.
  const embedding = mean(yamnetTokens(new Scope(graph), config, features), [1])
  const runtime = await Runtime.start()
  try {
    const program = await runtime.compile({ features, embedding }, { weights })
    const { outputs } = await program.run({ waveform: wave })
    const theirs = await expected('features')
    const ours = outputs.features!.data as Float32Array
    assert.equal(ours.length, theirs.length)
    const worst = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i]!)), 0)
    const error = relativeError(outputs.embedding!.data as Float32Array, await expected('embedding'))
    context.diagnostic(
      `largest error of a feature ${worst.toExponential(1)}, relative error of the embedding ${error.toExponential(1)}`,
    )
    assert.ok(worst < 1e-4 && error < 1e-4, `${worst} ${error}`)
  } finally {
    await runtime.close()
  }
})
