import { gpt2Words } from './byte-level.js'

/**
 * The same pre-tokenizer, with the steps that @huggingface/tokenizers 0.2 cuts otherwise than the reference
 * written as splits by an expression that both read alike: byte-level steps that bring their own expression
 * (there with JavaScript's `\s`) and digits (there without numerals such as ½ and Ⅳ).
 */
export function withExactSteps(preTokenizer: unknown): unknown {
  if (typeof preTokenizer !== 'object' || preTokenizer === null) return preTokenizer
  const step = preTokenizer as Record<string, unknown>
  if (Array.isArray(step.pretokenizers)) {
    return { ...step, pretokenizers: step.pretokenizers.map(withExactSteps) }
  }
  if (step.type === 'Digits') return split(step.individual_digits === true ? '\\p{N}' : '\\p{N}+')
  // With a prefix space the expression has to run after the space is added, inside of the step.
  if (step.type !== 'ByteLevel' || step.use_regex === false || step.add_prefix_space === true) return step
  return { type: 'Sequence', pretokenizers: [split(gpt2Words.source), { ...step, use_regex: false }] }
}

function split(expression: string) {
  return { type: 'Split', pattern: { Regex: expression }, behavior: 'Isolated', invert: false }
}
