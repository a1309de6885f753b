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
  /** Beside this process's own. */
  readonly env?: Readonly<Record<string, string>>
  /** Called with the first bytes on standard output. */
  readonly onOutput?: (child: ReturnType<typeof spawn>) => void
}

/** Runs the command line in a process of its own. */
export function pal(argv: readonly string[], { stdin, env, onOutput }: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(argv)], {
    env: { ...process.env, ...env },
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    if (output.stdout === '') onOutput?.(child)
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.stderr += text
  })
  child.stdin.end(stdin)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, ...output }))
  })
}
