import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { keepCost } from '../compare/run-cost.js'
import { writeTinyComparison } from '../compare/tiny-comparison.test.helper.js'
import { packageFolder } from '../package-folder.js'
import {
  ONE_STEP_EACH,
  onlyDigits,
  TINY_CHANGES,
  writeTinyRecordings,
} from '../train/tiny-run.test.helper.js'
import { pal } from './cli.test.helper.js'

test('given the folder of a comparison, its report is written again', async () => {
  const folder = await writeTinyComparison()
  const { code, stdout, stderr } = await pal(['compare', folder])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^# Comparison of PLITS and LAL: tiny/)
  assert.ok(existsSync(join(folder, 'report.html')))
  const { stdout: json } = await pal(['compare', folder, '--json'])
  assert.equal(JSON.parse(json).baseline, 'plits')
})

test('what is damaged in the folder of a comparison is told, with what to do', async () => {
  const folder = await writeTinyComparison()
  const run = join(folder, 'lal-seed1')
  await writeFile(join(run, 'cost.json'), '{"stepMilliseconds": "fast"}')
  const cost = await pal(['compare', folder])
  assert.equal(cost.code, 1)
  assert.match(cost.stderr, /cost\.json, stepMilliseconds: expected a number, got "fast"\n.*remove it/)
  await rm(join(run, 'cost.json'))
  await writeFile(join(folder, 'plits-seed1', 'metrics.jsonl'), '{"stage": "first"}\n')
  const steps = await pal(['compare', folder])
  assert.equal(steps.code, 1)
  assert.match(steps.stderr, /metrics\.jsonl:1, step: expected a number, got none\n/)
})

test('a folder without a comparison, and changes and options to a finished one, are refused', async () => {
  const empty = await pal(['compare', await mkdtemp(join(tmpdir(), 'pal-compare-'))])
  assert.equal(empty.code, 1)
  assert.match(empty.stderr, /expected the folder of a comparison, got one without comparison\.json/)
  const changed = await pal(['compare', await writeTinyComparison(), 'seed=2'])
  assert.equal(changed.code, 1)
  assert.match(changed.stderr, /expected a folder alone, got the change "seed=2"/)
  for (const given of [
    ['--seeds', '1'],
    ['--limit', '5', '--json'],
    ['--scenes', '200'],
    ['--llm', 'x'],
  ]) {
    const { code, stdout, stderr } = await pal(['compare', await writeTinyComparison(), ...given])
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(stderr, new RegExp(`expected a folder alone, got ${given[0]}\\n.*give the recipe`))
  }
  const twice = await pal(['compare', 'recipe.yaml', '--seeds', '1,1'])
  assert.equal(twice.code, 2)
  assert.match(twice.stderr, /Expected each once\./)
  const nothing = await pal(['compare', 'recipe.yaml', '--seeds', '1,,2'])
  assert.equal(nothing.code, 2)
  assert.match(nothing.stderr, /nothing before or after a comma/)
})

test('a name that is not known is told before anything is trained', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-compare-'))
  const recipe = join(packageFolder(), 'recipes', 'compare-tiny.yaml')
  const { code, stderr } = await pal(['compare', recipe, '--integrations', 'plits,foo', '--out', folder])
  assert.equal(code, 1)
  assert.match(stderr, /--integrations: expected .*, got "foo"/)
  assert.deepEqual(await readdir(folder), [])
})

test('a finished run of another recipe is told before anything is trained', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-compare-'))
  await mkdir(join(folder, 'lal-seed2'))
  const cost = { stepMilliseconds: 1, recordingsPerSecond: 1, peakMemoryMiB: 1, trainedParameters: 1 }
  await keepCost(join(folder, 'lal-seed2'), { ...cost, trainedWith: 'another' })
  const recipe = join(packageFolder(), 'recipes', 'compare-tiny.yaml')
  const { code, stderr } = await pal(['compare', recipe, '--integrations', 'plits,lal', '--out', folder])
  assert.equal(code, 1)
  assert.match(stderr, /lal-seed2: expected a run of this recipe, got one of another\n.*--out/)
  assert.deepEqual(await readdir(folder), ['lal-seed2'])
})

test('a run whose training fails is named, and the others are trained, asked and reported', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pal-compare-'))
  const recipe = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
  const later = [1, 2, 3, 4, 5].map(onlyDigits)
  const changes = [...TINY_CHANGES, ...ONE_STEP_EACH, ...later, `data.root=${await writeTinyRecordings()}`]
  // What its first stage leaves cannot be kept.
  await mkdir(join(folder, 'plits-seed1'))
  await writeFile(join(folder, 'plits-seed1', 'stages'), '')
  const asked = ['--integrations', 'plits,lal', '--seeds', '1', '--limit', '1', '--scenes', '1']
  const { code, stdout, stderr } = await pal(['compare', recipe, ...changes, ...asked, '--out', folder])
  assert.equal(code, 1)
  assert.match(
    stderr,
    /lal, seed 1[\s\S]*expected all runs to finish, got some .*: plits-seed1\n.*--integrations/,
  )
  assert.match(stdout, /\*\*Not finished\*\*: plits-seed1;/)
  assert.match(stdout, /\*\*No baseline\*\*: PLITS/)
  assert.ok(existsSync(join(folder, 'lal-seed1', 'cost.json')))
})
