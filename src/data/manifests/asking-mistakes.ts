import type { Example } from '../example.js'
import { audioMistake, type RowMistake } from './row-mistake.js'

/** What evaluation has against rows: to be asked of each, in their order. */
export function askingMistakes(): (example: Example) => RowMistake | undefined {
  const scoringMistake = scoringMistakes()
  return (example) =>
    audioMistake(example) ?? turnsMistake(example) ?? choiceMistake(example) ?? scoringMistake(example)
}

/** Rows with choices are multiple choice whatever their task's name; captions have several right wordings. */
export function scoringOf({ task, choices }: Pick<Example, 'task' | 'choices'>): string {
  if (choices) return 'multiple-choice'
  return task === 'caption' ? 'captioning' : (task ?? 'manifest')
}

/** What is asked is one question, perhaps behind a system's message. */
export function turnsMistake({ messages }: Pick<Example, 'messages'>): RowMistake | undefined {
  const roles = messages.map(({ role }) => role)
  const turns = roles.slice(roles.lastIndexOf('system') + 1)
  if (turns.length === 2) return undefined
  return { message: `expected a question and its answer, got the messages ${roles.join(', ')}` }
}

/** The answer to a multiple choice is a choice. */
function choiceMistake(example: Example): RowMistake | undefined {
  const { choices, messages } = example
  const answer = messages.at(-1)?.content ?? ''
  if (scoringOf(example) !== 'multiple-choice' || choices?.includes(answer)) return undefined
  return {
    message: `expected choices, the answer "${answer}" being one, got ${choices?.join(', ') ?? 'none'}`,
    key: 'choices',
  }
}

/** The rows of a task are measured alike. */
function scoringMistakes(): (example: Example) => RowMistake | undefined {
  const scorings = new Map<string, string>()
  return (example) => {
    const scoring = scoringOf(example)
    const { task = scoring } = example
    const before = scorings.get(task) ?? scoring
    scorings.set(task, before)
    if (before === scoring) return undefined
    return {
      message: `expected rows of task "${task}" to be scored alike, got ${scoring} after ${before}`,
      key: 'choices',
      hint: 'Give choices to all of its rows or to none, or name the task differently.',
    }
  }
}
