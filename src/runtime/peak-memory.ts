import { readFileSync } from 'node:fs'

/**
 * The most memory that this process has held, in MiB. On Linux as the kernel counts it for this program: what
 * `resourceUsage` says begins with what the process held that started it.
 */
export function peakMemoryMiB(): number {
  try {
    const [, kibibytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    if (kibibytes) return Number(kibibytes) / 1024
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS / 1024
}
