import assert from 'node:assert/strict'
import { test } from 'node:test'
import { integrations, tinyConfig } from '../model/tiny-model.js'
import { Random } from '../random.js'
import { collateLabels } from './labels.js'

test('what is hidden from an encoder does not depend on which others there are', () => {
  const config = tinyConfig(integrations.palRouted)
  const draws = [3000, 4000].map((length) => ({
    samples: new Float32Array(length),
    turns: [],
    sounds: [{ label: 'dog', startSeconds: 0, endSeconds: 0.3 }],
  }))
  const hide = {
    settings: { timeMasks: 2, maxSeconds: 0.2, bandMasks: 2, maxBins: 6 },
    randomFor: (encoder: string) => new Random('hidden', encoder),
  }
  const feeds = (encoders: typeof config.encoders) =>
    collateLabels(draws, { ...config, encoders }, ['dog'], 5120, false, hide).feeds
  const both = feeds(config.encoders)
  for (const named of config.encoders) {
    const own = feeds([named])
    for (const part of ['frames', 'bins', 'share']) {
      assert.deepEqual(own[`${named.name}.${part}`], both[`${named.name}.${part}`])
    }
  }
  assert.notDeepEqual(both['speech.frames'], both['general.frames'])
})
