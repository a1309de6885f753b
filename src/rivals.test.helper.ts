import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'

/**
 * Processes that all run the same script, a module's text. What a test sends one is an event of its `process`: so all can be told to
 * do something at the same moment. Each says 'ready' before the script begins.
 */
export async function rivals(
  context: TestContext,
  count: number,
  script: string,
): Promise<readonly ChildProcess[]> {
  const whole = `
    process.on('message', (message) => process.emit(message))
    process.send('ready')
    ${script}`
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, ['--input-type=module', '--eval', whole], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    }),
  )
  context.after(() => {
    for (const child of children) child.kill('SIGKILL')
  })
  await toldBy(children)
  return children
}

/** Sends all of them a word, and waits for the next that each says. */
export function tell(children: readonly ChildProcess[], word: string): Promise<readonly unknown[]> {
  const told = toldBy(children)
  for (const child of children) child.send(word)
  return told
}

function toldBy(children: readonly ChildProcess[]): Promise<readonly unknown[]> {
  return Promise.all(children.map(async (child) => (await once(child, 'message'))[0]))
}
