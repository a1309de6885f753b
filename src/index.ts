export type { Audio, AudioFormat, AudioSource } from './audio/audio.js'
export { type ReadAudioOptions, readAudio, type Samples } from './audio/read-audio.js'
export { type ErrorDetails, PalError } from './errors.js'
export type { SamplingOptions } from './llm/sampling.js'
export type { Answer, AskResult, Timings } from './model/answer.js'
export type { ModelConfig, NamedEncoder } from './model/config.js'
export type { AudioInput, AudioMemory } from './model/ears.js'
export type { Fetching } from './model/find-base.js'
export { findModel, shippedModels } from './model/find-model.js'
export type { ModelDescription } from './model/model-folder.js'
export {
  type AskOptions,
  type LoadOptions,
  loadPal,
  type Pal,
  type Question,
} from './model/pal.js'
export type { AnswerScore } from './model/score-answers.js'
export type { ChatMessage } from './text/chat.js'
