import assert from 'node:assert/strict'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openMetrics, readMetrics } from './metrics.js'
import type { StepReport } from './trainer.js'

const line = (stage: string, step: number) => `${JSON.stringify({ stage, step })}\n`

test('the steps that a run has behind it stay, in whatever order and however many lines there are', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-metrics-'))
  const path = join(folder, 'metrics.jsonl')
  const stages = ['labels', 'answers']
  const there = [line('labels', 1), line('labels', 2), line('answers', 1), line('answers', 2)]
  await writeFile(path, [...there, line('answers', 3), line('another', 1), '{"stage":"labels","st'].join(''))

  const append = await openMetrics(folder, stages, { stage: 1, step: 2 })
  assert.equal(await readFile(path, 'utf8'), there.join(''))
  await append({ stage: 'answers', step: 3 } as StepReport)
  assert.equal(await readFile(path, 'utf8'), [...there, line('answers', 3)].join(''))

  await writeFile(path, [line('answers', 1), ...there].join(''))
  await openMetrics(folder, stages, { stage: 1, step: 0 })
  assert.equal(await readFile(path, 'utf8'), there.slice(0, 2).join(''))
  await openMetrics(folder, stages, { stage: 0, step: 1 })
  assert.equal(await readFile(path, 'utf8'), there[0])
})

test('a run without any begins with none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-metrics-'))
  await openMetrics(folder, ['labels'], { stage: 0, step: 0 })
  assert.equal(await readFile(join(folder, 'metrics.jsonl'), 'utf8'), '')
})

test('what was kept is read again, and what is damaged or not there is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-metrics-'))
  await assert.rejects(readMetrics(folder), /metrics\.jsonl: expected the steps of a run, got none\n/)
  const append = await openMetrics(folder, ['labels'], { stage: 0, step: 0 })
  const step = { stage: 'labels', step: 1, loss: 2, milliseconds: 3, audios: 4 } as StepReport
  await append(step)
  assert.deepEqual(await readMetrics(folder), [step])
  await append({ ...step, loss: Number.NaN })
  await assert.rejects(readMetrics(folder), /metrics\.jsonl:2, loss: expected a number, got null\n/)
})
