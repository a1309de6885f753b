import { z } from 'zod'
import { PalError } from '../../errors.js'
import { letterAt } from '../metrics/multiple-choice.js'
import type { JsonRow } from './read-json.js'

/** What the rows of MMAU and of MMAR share. */
export const choiceRow = z.object({
  id: z.string().min(1),
  question: z.string().min(1),
  choices: z.array(z.string()).min(2),
  answer: z.string({ message: 'expected the right answer: of the test split it is withheld' }),
})

/** "Who speaks? Choose one: (A) Man (B) Woman" */
export function choiceQuestion({
  question,
  choices,
}: Pick<z.infer<typeof choiceRow>, 'question' | 'choices'>): string {
  const offered = choices.map((choice, i) => `(${letterAt(i)}) ${choice}`).join(' ')
  return `${question.trim()} Choose one: ${offered}`
}

/** @throws PalError naming the row and its key */
export function parseRow<Row extends z.infer<typeof choiceRow>>(
  schema: z.ZodType<Row>,
  { value, place }: JsonRow,
): Row {
  const parsed = schema.safeParse(value)
  const issue = parsed.error?.issues[0]
  if (!parsed.success) {
    throw new PalError(issue?.message ?? 'expected a valid row', {
      ...place,
      key: issue?.path.join('.') ?? '',
    })
  }
  const { answer, choices } = parsed.data
  if (choices.includes(answer)) return parsed.data
  throw new PalError(`expected one of ${choices.join(', ')}, got "${answer}"`, { ...place, key: 'answer' })
}
