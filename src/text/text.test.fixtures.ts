import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChatTokenizer } from './chat.js'
import { defaultChat } from './default-chat.js'
import { openTokenizer } from './open-tokenizer.js'
import { writeTokenizer } from './tokenizer-json.js'
import { trainTokenizer } from './train-tokenizer.js'

/** A small corpus with some of everything: the tokenizer of the tests is trained on it. */
export const corpus = [
  "What do you hear? It's a dog, barking. It isn't a cat; they're quiet, I'm sure, and we've heard none.",
  'How many times does the bell ring? The bell rings three times, then 12 more times, 345 in all.',
  'Was hörst du? Eine Tür, die quietscht, und größere Geräusche. ¿Qué oyes? Un niño que llora.',
  'Что ты слышишь? Собака лает. 何が聞こえますか。犬が吠えています。 كلب ينبح 🐕🐕‍🦺',
  'def listen(audio):\n    return [event for event in audio if event.label == "dog"]\n\n\n',
  'aaaa aaaaaaaa aaaaaaaaaaaaaaaa abcabcabc bcbcbc ababab',
]

export const vocabularySize = 420

export async function writeExampleTokenizer(folder: string): Promise<void> {
  const { specialTokens, template, endToken } = defaultChat
  const trained = trainTokenizer(corpus, { vocabularySize, specialTokens })
  await writeTokenizer(folder, trained, { chatTemplate: template, endToken })
}

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'pal-text-'))

/** The example tokenizer, with other files or another template in its folder. */
export async function openExample(files: Readonly<Record<string, string>> = {}): Promise<ChatTokenizer> {
  const folder = await temporaryFolder()
  await writeExampleTokenizer(folder)
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  return openTokenizer(folder)
}
