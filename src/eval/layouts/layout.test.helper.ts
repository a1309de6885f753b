import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { EvalSet } from '../items.js'
import { layoutItems, layoutOf } from './index.js'

/** A data set in its published layout, made of these files. @returns the folder */
export async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pal-layout-'))
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
  return folder
}

/** @param text layout:path */
export async function readLayout(text: string): Promise<EvalSet> {
  return layoutItems(layoutOf(text)!, 16_000)
}
