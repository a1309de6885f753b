import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import { PalError } from '../errors.js'
import { inFlags, told } from './told.js'

async function called(...argv: readonly string[]): Promise<Command> {
  const command = new Command('ask')
  command.option('--top-p <share>').option('--max-tokens <count>', '', '256').option('--seed <number>')
  await command.action(() => undefined).parseAsync(argv, { from: 'user' })
  return command
}

test('an option of the library is called by the flag that gave it', async () => {
  const command = await called('--top-p', '0', '--seed', '1')
  const mistake = new PalError('expected topP above 0', { key: 'topP', hint: 'Give more.' })
  assert.equal(told(mistake, command), '--top-p: expected topP above 0\nGive more.')
  assert.equal(told(mistake), mistake.message)
  for (const details of [{ key: 'maxTokens' }, { key: 'seed', file: 'recipe.yaml' }, { key: 'other' }, {}]) {
    const other = new PalError('expected more', details)
    assert.equal(told(other, command), other.message)
  }
})

test('a warning is told with flags, whether they were given or not', async () => {
  const command = await called()
  assert.equal(
    inFlags('cut: give a larger maxTokens, not maxSeconds, or another seed', command),
    'cut: give a larger --max-tokens, not maxSeconds, or another seed',
  )
})
