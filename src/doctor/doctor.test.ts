import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PalError } from '../errors.js'
import { type Check, check, divided } from './check.js'
import { examine } from './doctor.js'

test('nothing is broken here', async () => {
  const checks: Check[] = []
  for await (const one of examine()) checks.push(one)
  assert.deepEqual(
    checks.filter(({ status }) => status === 'broken'),
    [],
  )
  assert.match(checks.find(({ name }) => name === 'audio decoders')?.found ?? '', /wav, flac, mp3/)
  assert.match(checks.find(({ name }) => name === 'encoder outputs')?.found ?? '', /features-1\.sqlite$/)
  assert.match(checks.find(({ name }) => name === 'ONNX Runtime')?.found ?? '', /computes/)
})

test('what throws is broken, with advice', async () => {
  const broken = await check('gadget', () => Promise.reject(new Error('it fell')), 'Pick it up.')
  assert.deepEqual(broken, { name: 'gadget', status: 'broken', found: 'it fell', advice: 'Pick it up.' })
})

test('a mistake that says what to do is not advised on twice', async () => {
  const mistake = new PalError('expected a gadget, got none', { key: 'gadget', hint: 'Install one.' })
  const broken = await check('gadget', () => Promise.reject(mistake), 'Pick it up.')
  assert.deepEqual(broken, {
    ...{ name: 'gadget', status: 'broken' },
    ...{ found: 'gadget: expected a gadget, got none', advice: 'Install one.' },
  })
})

test('what to do is told apart from what went wrong, however many lines that has', () => {
  const mistake = new PalError('expected koffi, got none:\nRequire stack:\n- a.js', { hint: 'Install it.' })
  const found = 'expected koffi, got none:\nRequire stack:\n- a.js'
  assert.deepEqual(divided(mistake), { found, hint: 'Install it.' })
  assert.deepEqual(divided(new Error('a\nb')), { found: 'a\nb' })
})
