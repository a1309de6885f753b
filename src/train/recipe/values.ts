import { z } from 'zod'

/** What several settings of a recipe may be. */
export const count = z.int().positive()
export const positive = z.number().positive()
/** A probability, or a part of something. */
export const share = z.number().min(0).max(1)

export const range = z
  .tuple([z.number(), z.number()])
  .refine(([lowest, highest]) => lowest <= highest, 'expected [lowest, highest]')

/** What a folder is called by. */
export const folderName = z
  .string()
  .regex(/^[\w.-]+$/, 'expected letters, digits, ".", "_" and "-" only')
  .refine((text) => !/^\.+$/.test(text), 'expected a name, got dots alone')
