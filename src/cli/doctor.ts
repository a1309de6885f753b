import type { Command } from 'commander'
import type { Check } from '../doctor/check.js'
import type { CliContext } from './verb.js'

const MARKS = { ok: '✓', missing: '–', broken: '✗' } as const

export function register(command: Command, context: CliContext): void {
  command
    .option('--json', 'print one JSON object: every check, and whether all is well')
    .addHelpText('after', '\nExits with 1 if something that is needed is broken.\n\nExample:\n  pal doctor')
    .action(async ({ json }: { readonly json?: true }) => {
      const { examine } = await import('../doctor/doctor.js')
      const checks: Check[] = []
      for await (const check of examine()) {
        context.signal.throwIfAborted()
        checks.push(check)
        if (!json) process.stdout.write(line(check))
      }
      const ok = checks.every(({ status }) => status !== 'broken')
      if (json) process.stdout.write(`${JSON.stringify({ ok, checks })}\n`)
      context.exitCode = ok ? 0 : 1
    })
}

function line({ name, status, found, advice }: Check): string {
  return `${MARKS[status]} ${name}: ${found}\n${advice ? `  ${advice}\n` : ''}`
}
