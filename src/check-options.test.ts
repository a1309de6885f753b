import assert from 'node:assert/strict'
import { test } from 'node:test'
import { abortSignal, being, checkOptions, having, kindOf, listOf, onOneLine, text } from './check-options.js'
import { PalError } from './errors.js'

interface Options {
  readonly maxTokens?: number | undefined
  readonly stop?: readonly string[]
}

const checks = {
  maxTokens: being('a whole number', Number.isInteger),
  stop: listOf('a list of texts', text),
}

function said(options: unknown, within?: string): string | undefined {
  try {
    checkOptions(options as Options, checks, '{ maxTokens: 64 }', within)
    return undefined
  } catch (error) {
    assert.ok(error instanceof PalError)
    return error.message
  }
}

test('what is wrong with options is said by key and value', () => {
  const cases: readonly [options: unknown, message: string | undefined][] = [
    [{}, undefined],
    [{ maxTokens: undefined, stop: [] }, undefined],
    [{ maxTokens: '64' }, 'maxTokens: expected a whole number, got "64"'],
    [{ stop: ['a', 3] }, 'stop.1: expected a text, got 3'],
    [{ stop: 'a' }, 'stop: expected a list of texts, got "a"'],
    [
      { max_tokens: 64 },
      'max_tokens: expected an option that there is (maxTokens, stop), got "max_tokens"\nDid you mean "maxTokens"?',
    ],
    [{ colour: 1 }, 'colour: expected an option that there is (maxTokens, stop), got "colour"'],
    [{ toString: 1 }, 'toString: expected an option that there is (maxTokens, stop), got "toString"'],
    [null, 'expected options, such as { maxTokens: 64 }, got null'],
    ['64', 'expected options, such as { maxTokens: 64 }, got "64"'],
    [[64], 'expected options, such as { maxTokens: 64 }, got [ 64 ]'],
  ]
  for (const [options, message] of cases) assert.equal(said(options), message)
})

test('what options are of stands before their keys', () => {
  assert.equal(
    said({ maxTokens: 0.5 }, 'questions.1'),
    'questions.1.maxTokens: expected a whole number, got 0.5',
  )
  assert.equal(said(3, 'questions.1'), 'questions.1: expected options, such as { maxTokens: 64 }, got 3')
})

test('a thing may have more than it must have', () => {
  const check = having<{ name: string }>('a thing', { name: text })
  check({ name: 'a', more: 1 }, 'thing')
  assert.throws(() => check({}, 'thing'), /^PalError: thing\.name: expected a text, got undefined$/)
  assert.throws(() => check(null, 'thing'), /^PalError: thing: expected a thing, got null$/)
})

test('a signal is what can be asked whether it is aborted', () => {
  abortSignal(new AbortController().signal, 'signal')
  assert.throws(
    () => abortSignal(new AbortController(), 'signal'),
    /^PalError: signal: expected the signal of/,
  )
})

test('a value is shown in a line, not all of it if it is long', () => {
  assert.equal(onOneLine(new Float32Array(9)), 'Float32Array(9) [ 0, 0, 0, 0, 0, ... 4 more items ]')
  assert.equal(onOneLine({ a: ['x\ny'] }), "{ a: [ 'x\\ny' ] }")
  assert.equal(onOneLine('x'.repeat(999)).length, 201)
  assert.equal(onOneLine({ a: 'x'.repeat(999) }).length, 81)
})

test('and what it is by the name of its kind', () => {
  assert.deepEqual([3, null, undefined, new Date(), Object.create(null)].map(kindOf), [
    'number',
    'null',
    'undefined',
    'Date',
    'an object',
  ])
})
