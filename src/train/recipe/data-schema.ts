import { z } from 'zod'

const labelledSet = z.strictObject({
  /** Relative to `data.root`; audio paths in it are relative to the CSV. */
  csv: z.string().optional(),
  /** Instead of a CSV: parquet files or tar shards, relative to `data.root`; a folder or a pattern means several. */
  shards: z.string().optional(),
  audio: z.string().default('audio'),
  label: z.string(),
  /** May be left out with shards: their groups are then the splits that the files' names begin with. */
  group: z.string().optional(),
  /** The column of the recordings that clips were cut from: `pal eval` resamples clips of one together. */
  source: z.string().optional(),
  kind: z.enum(['sound', 'digit', 'drum']),
  /** New names for labels. */
  labels: z.record(z.string(), z.string().min(1)).optional(),
  /** Groups (folds, speakers, kits) that `pal eval` asks about; stages hear them only if they say so. */
  heldOut: z.array(z.coerce.string()).default([]),
})

/** A set is in a CSV or in shards, and a CSV has groups. */
const clipSet = labelledSet.transform((set, context) => {
  const { csv, shards, group } = set
  // A run is known by its settings as text: their order stays as it is.
  if (csv !== undefined && group !== undefined && shards === undefined) return { ...set, csv, group, shards }
  if (csv === undefined && shards !== undefined) return { ...set, csv, shards }
  if (csv !== undefined && shards === undefined) {
    context.issues.push({
      code: 'custom',
      message: 'expected the column of the groups',
      input: set,
      path: ['group'],
    })
  } else {
    const message = `expected either csv or shards, got ${csv === undefined ? 'none' : 'both'}`
    context.issues.push({ code: 'custom', message, input: set })
  }
  return z.NEVER
})

/** The recordings that clips and scenes are made of. */
export const dataSchema = z.strictObject({
  /** The folder of the recordings, relative to this file (or, given on the command line, to the working directory). */
  root: z.string().min(1, 'expected a folder, got an empty name'),
  sets: z.record(z.string(), clipSet),
})
