import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { tail } from '../graph/shape.js'
import { causalMask } from '../nn/attention.js'
import { Runtime } from '../runtime/runtime.js'
import type { IntegrationConfig } from './config.js'
import { layOut } from './layout.js'
import { evaluate, largestDifference, Tiny } from './tiny.test.helper.js'

/** The paper has one sequence, [A ; X]; in training A passes the layers before X does, and leaves its keys and values. */

const TEXT = [3, 17, 4, 4, 9]
const COUNTS = [
  { name: 'speech', tokens: 4 },
  { name: 'general', tokens: 7 },
]

let runtime: Runtime
before(async () => {
  runtime = await Runtime.start({ threads: 1 })
})
after(() => runtime.close())

for (const integration of [
  { kind: 'plits' },
  { kind: 'pal', form: { routes: { speech: 'plits', general: 'lal' } } },
  { kind: 'pal', form: { summaryTokens: 2 } },
] as const satisfies readonly IntegrationConfig[]) {
  test(`${JSON.stringify(integration)}: text behind what the audio has left is text behind the audio`, async () => {
    const tiny = new Tiny(integration)
    const { keyStart, sequenceStart, tokens } = layOut(integration, COUNTS)
    const audio = COUNTS.map(({ name, tokens }) => tiny.audio(name, tokens, keyStart[name]))
    const heard = tiny.network.integrate(audio)
    const text = tiny.embed(TEXT)
    const together = tail(tiny.decode(heard, text, sequenceStart).states, 1, TEXT.length)

    const memory = tiny.network.remember(heard, (length) => ({
      positions: tiny.positions(sequenceStart, length),
    }))
    const { states: behind } = tiny.network.decode(
      text,
      { memory, cross: heard.cross },
      {
        positions: tiny.positions(sequenceStart + tokens.plits, TEXT.length),
        mask: causalMask(tiny.graph, TEXT.length),
      },
    )
    const results = await evaluate(runtime, { together, behind })
    assert.ok(largestDifference(results.together, results.behind) < 1e-5)
  })
}
