import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { tokenGrid } from '../encoders/encoder.js'
import { readReference } from '../graph/parity.test.helper.js'
import { Graph } from '../graph/tensor.js'
import type { ModelConfig } from '../model/config/config.js'
import { Network } from '../model/network/network.js'
import { tokenCount } from '../model/network/token-count.js'
import { Runtime } from '../runtime/runtime.js'
import { collateWords, wordGraph } from './words.js'

const reference = await readReference('train/training-graph.test.safetensors')
const cases = JSON.parse(reference.metadata.cases as string) as Record<string, ModelConfig>
const [waveform] = ['waveforms.0'].map(numbers) as [Float32Array]

/** Words of one and of two tokens. */
const idsOf: Readonly<Record<string, readonly number[]>> = { ' rain': [3], ' dog bark': [5, 9] }
const labels = ['dog bark', 'rain']
const tokenizer = { encode: (text: string) => idsOf[text]! }

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

for (const [name, config] of Object.entries(cases)) {
  if (config.encoders.length > 1) continue
  test(`${name}: the loss is how far the tokens of a sound are from its words`, async () => {
    const [named] = config.encoders as [ModelConfig['encoders'][number]]
    const { sampleRate } = named.encoder
    const seconds = waveform.length / sampleRate
    const sounds = [
      { label: 'rain', startSeconds: 0, endSeconds: seconds / 3 },
      { label: 'dog bark', startSeconds: seconds / 2, endSeconds: seconds },
    ]
    const samples = tokenCount(named, waveform.length).samples
    const draw = { samples: waveform, turns: [], sounds }
    const { shape, feeds } = collateWords([draw], config, labels, tokenizer, samples)
    const graph = wordGraph(config, shape, { trained: () => true })
    for (const weight of graph.gradients.keys()) assert.match(weight, /^encoders\./)
    const { loss } = await run({ loss: graph.loss }, feeds)

    const network = new Network(new Graph(), config)
    const { graph: own } = network.scope
    const heard = network.hear(named, {
      waveform: own.input('waveform', [1, samples]),
      lengths: own.input('lengths', [1, 1]),
    })
    const { tokens } = await run(
      { tokens: heard },
      { waveform: feeds.waveform as Float32Array, lengths: Float32Array.of(waveform.length) },
    )
    const width = config.llm.hiddenSize
    const count = tokens!.length / width
    const table = numbers('weights/llm.model.embed_tokens.weight')
    const mean = (rows: readonly number[], from: Float32Array) =>
      Array.from(
        { length: width },
        (_, k) => rows.reduce((total, row) => total + from[row * width + k]!, 0) / rows.length,
      )
    const { samplesPerStep } = tokenGrid(named.encoder)
    const steps = samples / samplesPerStep
    const secondsPerStep = samplesPerStep / sampleRate
    const expected = sounds.map(({ label, startSeconds, endSeconds }) => {
      const isTimed = named.connector.kind === 'mlp'
      const within = Array.from({ length: count }, (_, i) => i).filter((i) => {
        const start = Math.floor((i * steps) / count) * secondsPerStep
        return !isTimed || (start + secondsPerStep > startSeconds && start < endSeconds)
      })
      const word = mean(idsOf[` ${label}`]!, table)
      const away = mean(within, tokens!).map((value, k) => value - word[k]!)
      return square(away) / square(word) / 2
    })
    const total = expected.reduce((a, b) => a + b)
    assert.ok(Math.abs(loss![0]! - total) < 1e-4 * total, `${loss![0]} instead of ${total}`)
  })
}

test('audio whose sounds nobody knows is told', () => {
  const draw = { samples: waveform, turns: [] }
  assert.throws(
    () => collateWords([draw], cases.lal!, labels, tokenizer, waveform.length),
    /"words", got audio without[\s\S]*manifest/,
  )
})

async function run(
  outputs: Parameters<Runtime['compile']>[0],
  feeds: Parameters<Awaited<ReturnType<Runtime['compile']>>['run']>[0],
): Promise<Record<string, Float32Array>> {
  const program = await runtime.compile(outputs, { purpose: 'training' })
  const [one] = Object.values(outputs)
  const weights = [...one!.graph.parameters.keys()].map((name) => [name, numbers(`weights/${name}`)] as const)
  const { outputs: found } = await program.run({ ...feeds, ...Object.fromEntries(weights) })
  await program.release()
  return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, data as Float32Array]))
}

function square(values: readonly number[]): number {
  return values.reduce((total, value) => total + value * value, 0)
}

function numbers(name: string): Float32Array {
  const tensor = reference.tensors.get(name)
  if (!tensor) throw new Error(`the reference has no "${name}"`)
  return tensor.data
}
