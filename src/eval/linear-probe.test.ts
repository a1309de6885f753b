import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import { packageFolder } from '../package-folder.js'
import { writeTinyRecordings } from '../train/tiny-run.test.helper.js'

const root = packageFolder()
const HIDDEN_SIZE = 192

let recordings: string
before(async () => {
  recordings = await writeTinyRecordings()
})

test('every recording, and every sound of a scene, comes with the mean and the maximum of its tokens', async () => {
  const sounds = await probed({ sets: ['digits', 'drums'], scenes: 2 })
  const alone = sounds.filter(({ inScene }) => !inScene)
  assert.equal(alone.length, 3 * 2 * 2 + 3 * 3 * 2)
  assert.equal(alone.filter(({ heldOut }) => heldOut).length, 3 * 2 + 3 * 2 * 2)
  assert.equal(sounds.length - alone.length, (1 + 4) * 2 * 2)
  assert.equal(sounds.filter(({ inScene, heldOut }) => inScene && heldOut).length, 2 * 2)
  for (const { group, heldOut, tokens } of sounds) {
    assert.equal(heldOut, !['george', 'one'].includes(group))
    const both = numbersOf(tokens.general!)
    assert.equal(both.length, 2 * HIDDEN_SIZE)
    assert.ok(both.every(Number.isFinite))
    const [mean, maximum] = [both.slice(0, HIDDEN_SIZE), both.slice(HIDDEN_SIZE)]
    assert.ok(mean.every((value, i) => value <= maximum[i]! + 1e-4))
  }
})

test('what there is is told where something else is asked for', async () => {
  await assert.rejects(probed({ encoders: ['speech'] }), /--encoders: expected general, got "speech"/)
  await assert.rejects(probed({ sets: ['birds'] }), /--sets: expected esc10, digits, drums, got "birds"/)
})

interface Probed {
  readonly group: string
  readonly heldOut: boolean
  readonly inScene: boolean
  readonly tokens: Readonly<Record<string, string>>
}

async function probed(changes: object): Promise<readonly Probed[]> {
  const asked = {
    ...{ model: 'pal-tiny', bases: {}, recipe: join(root, 'recipes/pal-tiny.yaml') },
    ...{ changes: [`data.root=${recordings}`], sets: [], encoders: [], scenes: 0, ...changes },
  }
  const program = join(root, 'dist/eval/linear-probe.js')
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(asked)])
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Probed)
}

function numbersOf(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer)
}
