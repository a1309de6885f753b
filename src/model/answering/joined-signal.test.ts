import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { JoinedSignal } from './joined-signal.js'

test('the first reason counts, and nothing is left behind', () => {
  const [one, other] = [new AbortController(), new AbortController()]
  const joined = new JoinedSignal(one.signal, undefined, other.signal)
  assert.equal(joined.signal.aborted, false)
  other.abort('enough')
  one.abort('late')
  assert.equal(joined.signal.reason, 'enough')
  joined.release()
  assert.equal(getEventListeners(one.signal, 'abort').length, 0)
  assert.equal(new JoinedSignal(one.signal).signal.reason, 'late')
})
