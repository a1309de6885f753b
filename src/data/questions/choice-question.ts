/** Letters as a question lists them: A, B, C … */
const letterAt = (index: number) => String.fromCharCode(65 + index)

/** "Who speaks? Choose one: (A) Man (B) Woman" */
export function choiceQuestion({
  question,
  choices,
}: {
  readonly question: string
  readonly choices: readonly string[]
}): string {
  const offered = choices.map((choice, i) => `(${letterAt(i)}) ${choice}`).join(' ')
  return `${question.trim()} Choose one: ${offered}`
}
