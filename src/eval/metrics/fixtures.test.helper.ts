import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Reads what reference/metrics.py has written. The compiler does not copy it, so it is found from the package's root. */
export function readFixture<T>(name: string): T {
  const path = join('src', 'eval', 'metrics', 'fixtures', `${name}.json`)
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, path))) folder = dirname(folder)
  return JSON.parse(readFileSync(join(folder, path), 'utf8')) as T
}

export const close = (actual: number, expected: number) => Math.abs(actual - expected) < 1e-6
