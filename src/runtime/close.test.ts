import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const HELPER = fileURLToPath(new URL('./close.test.helper.js', import.meta.url))

test('closed while it compiles or runs, a runtime ends what it is at and nothing else', () => {
  assert.deepEqual(
    end(
      'close',
      Array.from({ length: 25 }, (_, i) => 4 * i),
    ),
    { status: 0, signal: null, stderr: '' },
  )
})

test('a process that exits while a runtime is at work ends with its own status', () => {
  for (const milliseconds of [0, 20, 40, 60, 80]) {
    assert.deepEqual(end('exit', [milliseconds]), { status: 3, signal: null, stderr: '' })
  }
})

/** @param delays after how many milliseconds each runtime is ended */
function end(how: 'close' | 'exit', delays: readonly number[]) {
  const ended = spawnSync(process.execPath, [HELPER, how, JSON.stringify(delays)], { encoding: 'utf8' })
  const { status, signal, stderr } = ended
  return { status, signal, stderr }
}
