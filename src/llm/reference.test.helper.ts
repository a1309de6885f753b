import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A folder of src/llm/fixtures. The compiler does not copy fixtures, so they are found from the package's root. */
export function fixture(name: string): string {
  const path = join('src/llm/fixtures', name)
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, path))) folder = dirname(folder)
  return join(folder, path)
}

/** The models that reference/language_models.py makes. */
export const FIXTURES = ['llama', 'llama-3', 'llama-linear', 'mistral', 'qwen2', 'qwen3', 'smollm2'] as const
