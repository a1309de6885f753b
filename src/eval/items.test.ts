import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { vocabularyOf } from '../data/questions/vocabulary.js'
import { packageFolder } from '../package-folder.js'
import { loadRecipe } from '../train/recipe/load-recipe.js'
import { loadSets } from '../train/sources.js'
import { writeTinyRecordings } from '../train/tiny-run.test.helper.js'
import { expectClosed } from './closed-answers.js'
import { expectDistinct } from './distinct-items.js'
import { clipItems, clipTasks } from './items.js'

test('each clip is asked about by itself, in scenes, and nothing but silence or noise as such', async () => {
  const recipe = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
  const loaded = await loadRecipe(recipe, [`data.root=${await writeTinyRecordings()}`])
  const sets = await loadSets(loaded.recipe, 'held-out', 16_000)
  const known = vocabularyOf([...sets.values()].flat())
  const { items, vocabulary } = clipItems(sets, known, { scenes: 20 })
  assert.deepEqual(vocabulary, { ...known, background: ['silence', 'noise'] })
  assert.deepEqual(
    [...new Set(items.map(({ task }) => task))].sort(),
    [...clipTasks([...sets.keys()])].sort(),
  )
  for (const task of ['order', 'count', 'caption', 'background']) {
    assert.equal(items.filter((item) => item.task === task).length, 20, task)
  }
  const labels = new Map(
    [...sets.values()].flat().map(({ set, number, label }) => [`${set}:${number}`, label]),
  )
  for (const { id, task, expected, sounds = [] } of items) {
    assert.equal(sounds.length > 0, ['order', 'count', 'caption'].includes(task), id)
    for (const { clip, label } of sounds) assert.equal(labels.get(clip as string), label, id)
    if (task === 'order')
      assert.ok(
        sounds.some(({ label }) => expected.toLowerCase().includes(label)),
        id,
      )
  }
  expectDistinct(items)
  const [sound] = items.filter((item) => item.task === 'esc10')
  assert.match(sound?.source ?? '', /^esc10, source \d004$/)
  assert.equal(new Set(items.flatMap(({ source }) => source ?? [])).size, 3, 'two takes of each of three')
  assert.ok(items.every(({ task, source }) => source === undefined || !['order', 'digits'].includes(task)))
  const background = items.filter(({ task }) => task === 'background')
  assert.deepEqual(
    [...new Set(background.map(({ label, expected, scoring }) => `${label} ${expected} ${scoring}`))].sort(),
    ['noise Noise. name', 'silence Silence. name'],
  )
  // As `--protocol likelihood` wants it.
  expectClosed(background, vocabulary)
  const again = clipItems(sets, known, { scenes: 20 }).items
  assert.deepEqual(
    again.map(({ id, question }) => [id, question]),
    items.map(({ id, question }) => [id, question]),
  )
})

test('a scene that comes out as another at the rate of the model is heard as the one that is asked about', async () => {
  const recipe = join(packageFolder(), 'recipes', 'pal-tiny.yaml')
  const loaded = await loadRecipe(recipe, [`data.root=${await writeTinyRecordings()}`])
  const [sets, heard] = await Promise.all(
    [16_000, 8000].map((rate) => loadSets(loaded.recipe, 'held-out', rate)),
  )
  const others = new Map(
    [...heard!].map(([set, clips]) => [set, clips.map((clip) => ({ ...clip, number: -clip.number }))]),
  )
  const known = vocabularyOf([...sets!.values()].flat())
  const rates = async (of: typeof heard) => {
    const { items } = clipItems(sets!, known, { scenes: 2, heard: of! })
    return Promise.all(
      items
        .filter(({ task }) => task === 'order' || task === 'digits')
        .map(async ({ task, samples }) => `${task} ${(await samples()).sampleRate}`),
    )
  }
  assert.deepEqual([...new Set(await rates(heard))], ['digits 8000', 'order 8000'])
  assert.deepEqual([...new Set(await rates(others))], ['digits 8000', 'order 16000'])
})

test('a set that is called as a task is would have its questions taken for that task’s', () => {
  assert.deepEqual(clipTasks(['digits']).slice(0, 2), ['digits', 'presence'])
  assert.throws(() => clipTasks(['digits', 'order']), /data\.sets\.order: expected another name .*"order"/)
})
