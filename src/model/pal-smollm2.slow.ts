import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { findModel } from '../hub/find-model.js'
import { packageFolder } from '../package-folder.js'
import { missingBases } from './bases/open-bases.js'
import { readDescription } from './config/model-description.js'
import { loadPal } from './pal.js'

const missing = await missingBases(await readDescription(findModel('pal-smollm2-135m')))
const skip = missing.length > 0 && `pull ${missing.join(' and ')} first`

test('pal-smollm2-135m names a drum, and says what it hears before yes or no', { skip }, async () => {
  await using pal = await loadPal({ model: 'pal-smollm2-135m', fetch: false })
  const audio = await pal.listen(join(packageFolder(), 'examples', 'snare-drum.wav'))
  const answer = async (question: string) => {
    let whole = ''
    for await (const piece of pal.ask(audio, question)) whole += piece
    return whole
  }
  assert.equal(await answer('What do you hear?'), 'A snare drum.')
  assert.equal(await answer('Is there a dog?'), 'A snare drum. No.')
  assert.equal(await answer('Is there a snare drum?'), 'A snare drum. Yes.')
})
