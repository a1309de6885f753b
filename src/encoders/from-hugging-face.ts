import { PalError } from '../errors.js'
import { Settings } from '../settings.js'
import { readAisfx } from './aisfx-settings.js'
import { readAst } from './ast-settings.js'
import { readClap } from './clap-settings.js'
import { readEat } from './eat-settings.js'
import type { EncoderConfig } from './encoder.js'
import { readWhisper } from './whisper-settings.js'
import { readYamnet } from './yamnet-settings.js'

/** A folder's `config.json` and `preprocessor_config.json`, parsed, and where they are, for messages. */
export interface EncoderFiles {
  readonly config: unknown
  /** The front end's settings; older checkpoints of EAT come without. */
  readonly preprocessor: unknown
  readonly folder: string
}

/** What a family makes of its settings. */
export interface ReadEncoder {
  readonly config: EncoderConfig
  /** The encoder's weights are those whose names begin so in a checkpoint; the first of these that occurs counts. */
  readonly prefixes: readonly string[]
  /** A weight's name, after the prefix, as ours; undefined for what is computed or not needed. @default the same */
  readonly rename?: (name: string) => string | undefined
}

export type ReadFamily = (settings: Settings, preprocessor: Settings | undefined) => ReadEncoder

/** By `model_type`. */
const FAMILIES: Readonly<Record<string, ReadFamily>> = {
  whisper: readWhisper,
  'audio-spectrogram-transformer': readAst,
  eat: readEat,
  clap: readClap,
  clap_audio_model: readClap,
  aisfx: readAisfx,
  yamnet: readYamnet,
}

/**
 * The encoder that a folder of Hugging Face Transformers describes.
 * @throws PalError naming file, key and value for what is missing, not known or not supported
 */
export function encoderFromHuggingFace({ config, preprocessor, folder }: EncoderFiles): ReadEncoder {
  const settings = new Settings(config, `${folder}/config.json`)
  const frontEnd =
    preprocessor === undefined ? undefined : new Settings(preprocessor, `${folder}/preprocessor_config.json`)
  const type = settings.text('model_type')
  const family = Object.hasOwn(FAMILIES, type) ? FAMILIES[type] : undefined
  if (!family) {
    throw new PalError(`expected an audio encoder (${Object.keys(FAMILIES).join(', ')}), got "${type}"`, {
      file: `${folder}/config.json`,
      key: 'model_type',
    })
  }
  settings.ignore(WITHOUT_EFFECT)
  frontEnd?.ignore(FRONT_END_WITHOUT_EFFECT)
  const read = family(settings, frontEnd)
  settings.finish()
  frontEnd?.finish()
  return read
}

/** Notes about files, programs and training, and heads that an encoder is without. */
const WITHOUT_EFFECT: readonly string[] = [
  ...['architectures', 'auto_map', 'transformers_version', '_name_or_path', 'torch_dtype', 'dtype'],
  ...['initializer_range', 'initializer_factor', 'id2label', 'label2id', 'num_labels', 'problem_type'],
  ...['_attn_implementation_autoset', 'chunk_size_feed_forward', 'output_attentions', 'output_hidden_states'],
  ...['return_dict', 'is_encoder_decoder', 'use_cache'],
]

const FRONT_END_WITHOUT_EFFECT: readonly string[] = [
  ...['feature_extractor_type', 'processor_class', 'image_processor_type', 'padding_side'],
  ...['return_attention_mask', 'return_tensors'],
]
