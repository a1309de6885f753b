import { spawn } from 'node:child_process'

const script = `
  const { main } = await import(${JSON.stringify(new URL('./main.js', import.meta.url).href)})
  process.exitCode = await main(JSON.parse(process.argv[1]))`

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly stdin?: Uint8Array
  /** Beside this process's own, of which `undefined` takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly onStart?: (child: ReturnType<typeof spawn>) => void
  /** Called with the first bytes on standard output. */
  readonly onOutput?: (child: ReturnType<typeof spawn>) => void
  /** Interrupts it after so many milliseconds, as Ctrl-C does, and kills it 5 s later. Standard input stays open. */
  readonly interruptAfter?: number
}

/** Runs the command line in a process of its own. */
export function pal(
  argv: readonly string[],
  { stdin, env, onStart, onOutput, interruptAfter }: RunOptions = {},
): Promise<Ran> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(argv)], {
    env: { ...process.env, ...env },
  })
  onStart?.(child)
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    if (output.stdout === '') onOutput?.(child)
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.stderr += text
  })
  if (interruptAfter === undefined) child.stdin.end(stdin)
  else {
    setTimeout(() => child.kill('SIGINT'), interruptAfter)
    setTimeout(() => child.kill('SIGKILL'), interruptAfter + 5000).unref()
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    // A process that a Ctrl-C ended has, in a shell's words, exited with 130.
    child.on('close', (code, killedBy) => resolve({ code: killedBy === 'SIGINT' ? 130 : code, ...output }))
  })
}
