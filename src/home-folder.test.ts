import assert from 'node:assert/strict'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { cacheFolder } from './cache-folder.js'
import { homeFolder } from './home-folder.js'
import { hubSettings } from './hub/settings.js'

test('an empty HOME is none, for our cache and for the hub’s', async (t) => {
  const before = { ...process.env }
  t.after(() => {
    process.env = before
  })
  for (const name of ['HOME', 'USERPROFILE', 'PAL_CACHE', 'XDG_CACHE_HOME']) process.env[name] = ''
  const home = userInfo().homedir
  assert.equal(homeFolder(), home)
  assert.equal(cacheFolder(), join(home, '.cache', 'pal-audio'))
  const { cache, named } = await hubSettings({ HF_TOKEN: 'a', HF_HOME: '~/hub' })
  assert.equal(cache, join(home, 'hub', 'hub'))
  assert.equal(named, join(home, '.cache', 'pal-audio', 'models'))
})
