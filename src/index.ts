export type { Audio, AudioFormat, AudioSource } from './audio/audio.js'
export { type ReadAudioOptions, readAudio, type Samples } from './audio/read-audio.js'
export { type ErrorDetails, PalError } from './errors.js'
export { findModel, shippedModels } from './hub/find-model.js'
export type { SamplingOptions } from './llm/sampling.js'
export type { Answer, AskResult, Timings } from './model/answering/answer.js'
export type { AudioInput, AudioMemory } from './model/answering/ears.js'
export type { AnswerScore } from './model/answering/score-answers.js'
export type { Fetching } from './model/bases/find-base.js'
export type { ModelConfig, NamedEncoder } from './model/config/config.js'
export type { ModelDescription } from './model/config/model-description.js'
export type { LoadOptions } from './model/load-options.js'
export {
  type AskOptions,
  loadPal,
  type Pal,
  type Question,
} from './model/pal.js'
export type { ChatMessage } from './text/chat.js'
