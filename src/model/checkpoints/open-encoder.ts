import { join } from 'node:path'
import { type EncoderConfig, encode, tokenGrid } from '../../encoders/encoder.js'
import { encoderFromHuggingFace, type ReadEncoder } from '../../encoders/from-hugging-face.js'
import { PalError } from '../../errors.js'
import { Graph } from '../../graph/tensor.js'
import { Scope } from '../../nn/scope.js'
import { readText, readTextIfAny } from '../../reading.js'
import type { WeightSource } from '../../runtime/runtime.js'
import { openWeights } from '../../weights/open-weights.js'
import type { StoredTensor } from '../../weights/safetensors.js'
import { checkTensors } from './check-tensors.js'
import { type CheckpointTensor, fingerprint } from './checkpoint.js'
import { type CopyOptions, mappedWeights } from './float32-copy.js'
import { inItsPlace, nameOf } from './hugging-face-checkpoint.js'

/** A pretrained audio encoder, open: nothing of its weights has been read yet. */
export interface OpenedEncoder {
  readonly name: string
  readonly config: EncoderConfig
  /** Where each weight lies, by its name within the encoder: what follows `encoders.NAME.encoder.` in a `Network`. */
  readonly weights: (name: string) => WeightSource | undefined
  /** Tells this encoder from every other: see `fingerprint`. */
  readonly sha256: string
}

/**
 * Opens the audio encoder in a folder of Hugging Face's layout: Whisper, AST, EAT and SSLAM, CLAP, aiSFX or YAMNet, alone or
 * as a part of a larger model. Float32 weights stay in their files; others are converted once, into the cache.
 *
 * @throws PalError naming file and key for an encoder that we are not, or whose weights are not those that its
 *   configuration describes
 */
export async function openEncoder(folder: string, options: CopyOptions = {}): Promise<OpenedEncoder> {
  const config = await readJson(join(folder, 'config.json'), true)
  const preprocessor = await readJson(join(folder, 'preprocessor_config.json'), false)
  const read = encoderFromHuggingFace({ config, preprocessor, folder })
  const tensors = await encoderTensors(await openWeights(folder), read)
  checkTensors(folder, tensors, encoderParameters(read.config))
  const checkpoint = { config: read.config, tensors, file: folder }
  const sha256 = await fingerprint(checkpoint)
  const places = await mappedWeights(checkpoint, sha256, options)
  return {
    name: nameOf(folder),
    config: read.config,
    sha256,
    weights: (name) => places.get(name),
  }
}

/** The encoder's own tensors of a checkpoint, under our names. */
async function encoderTensors(
  stored: ReadonlyMap<string, StoredTensor>,
  { prefixes, rename = (name) => name }: ReadEncoder,
): Promise<ReadonlyMap<string, CheckpointTensor>> {
  const names = [...stored.keys()]
  const prefix = prefixes.find((start) => names.some((name) => name.startsWith(start))) ?? ''
  const tensors = new Map<string, CheckpointTensor>()
  for (const [name, tensor] of stored) {
    const own = name.startsWith(prefix) ? rename(name.slice(prefix.length)) : undefined
    if (own !== undefined) tensors.set(own, await inItsPlace(tensor))
  }
  return tensors
}

function encoderParameters(config: EncoderConfig) {
  const graph = new Graph()
  const { samplesPerStep } = tokenGrid(config)
  encode(new Scope(graph), config, {
    waveform: graph.input('waveform', [1, samplesPerStep]),
    lengths: graph.input('lengths', [1, 1]),
  })
  return new Map([...graph.parameters].map(([name, { shape }]) => [name, { shape: shape.map(Number) }]))
}

async function readJson(file: string, required: boolean): Promise<unknown> {
  const kind = 'the configuration of an audio encoder'
  const text = await (required ? readText(file, kind) : readTextIfAny(file, kind))
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PalError('expected settings of an audio encoder, as JSON', { file, cause })
  }
}
