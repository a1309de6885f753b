import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Inherited } from '../train/inherited.js'
import { parameterTable } from './parameter-table.js'

const inherited: Inherited = {
  start: 'pal-tiny',
  parts: [
    { part: 'encoder general', base: 0, start: 1_200_000, drawn: 0 },
    { part: 'connector of general', base: 0, start: 0, drawn: 40 },
    { part: 'language model', base: 134_515_008, start: 0, drawn: 0 },
  ],
}
const stage = (name: string, ...trained: readonly number[]) => ({
  name,
  steps: 1,
  parameters: inherited.parts.map(({ part, base, start, drawn }, i) => ({
    part,
    trained: trained[i]!,
    total: base + start + drawn,
  })),
})
const stages = [stage('connector', 0, 40, 0), stage('everything', 1_200_000, 40, 134_515_008)]

test('a line for each part: where its numbers come from, and what each stage trains', () => {
  assert.deepEqual(parameterTable({ kind: 'parameters', inherited, stages }), [
    '                     │ of the base  of pal-tiny  drawn anew │ connector   everything',
    'encoder general      │           –    1,200,000           – │         –    1,200,000',
    'connector of general │           –            –          40 │        40           40',
    'language model       │ 134,515,008            –           – │         –  134,515,008',
    'in all               │ 134,515,008    1,200,000          40 │        40  135,715,048',
  ])
})

test('what nothing comes from has no column, and what is not known none either', () => {
  const parts = [{ part: 'connector of general', base: 0, start: 0, drawn: 40 }]
  const drawn = parameterTable({ kind: 'parameters', inherited: { parts }, stages })
  assert.match(drawn[0]!, /^ +│ drawn anew │ connector +everything$/)
  assert.match(parameterTable({ kind: 'parameters', stages })[0]!, /^ +│ connector +everything$/)
})
