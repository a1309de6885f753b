import { z } from 'zod'
import type { JsonRow } from '../../data/manifests/json-rows.js'
import { expectRow, mistakeAt } from '../../data/place.js'
import { PalError } from '../../errors.js'

/** What the rows of MMAU and of MMAR share. */
export const choiceRow = z.object({
  id: z.string().min(1),
  question: z.string().min(1),
  choices: z.array(z.string()).min(2),
  answer: z.string({ message: 'expected the right answer: of the test split it is withheld' }),
  category: z.string().nullish(),
  'sub-category': z.string().nullish(),
  difficulty: z.string().nullish(),
})

/** What a row says about its question besides its form, where it does. */
export function facetsOf(row: z.infer<typeof choiceRow>): Readonly<Record<string, string>> {
  const facets = (['category', 'sub-category', 'difficulty'] as const).map(
    (name) => [name, row[name]] as const,
  )
  return Object.fromEntries(facets.flatMap(([name, value]) => (value ? [[name, value]] : [])))
}

/** @throws PalError naming the row and its key */
export function parseRow<Row extends z.infer<typeof choiceRow>>(
  schema: z.ZodType<Row>,
  { value, place }: JsonRow,
): Row {
  const row = expectRow(schema, value, place)
  const { answer, choices } = row
  if (choices.includes(answer)) return row
  throw new PalError(`expected one of ${choices.join(', ')}, got "${answer}"`, mistakeAt(place, 'answer'))
}
