import { fromHuggingFace } from '../../llm/from-hugging-face.js'
import { tokenizerFrom } from '../../text/open-tokenizer.js'
import { openGgufModel } from '../../weights/gguf-model.js'
import type { Checkpoint } from './checkpoint.js'
import { nameOf } from './hugging-face-checkpoint.js'

/**
 * A language model in a GGUF file, with the tokenizer that it has with it.
 * @throws PalError naming the file, and the key or tensor, for what is missing, malformed or not supported
 */
export async function ggufCheckpoint(path: string): Promise<Checkpoint> {
  const { config, tokenizer, tensors } = await openGgufModel(path)
  const files = { tokenizer: path, config: path, generation: path, template: path }
  return {
    name: nameOf(path),
    config: fromHuggingFace(config, path),
    tokenizer: () => tokenizerFrom(tokenizer(), files),
    tensors,
    file: path,
  }
}
