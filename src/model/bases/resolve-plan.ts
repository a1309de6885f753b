import { stat } from 'node:fs/promises'
import type { EncoderConfig } from '../../encoders/encoder.js'
import { withWindow } from '../../encoders/whisper.js'
import { PalError } from '../../errors.js'
import type { Bits } from '../../weights/blocks.js'
import type { CopyOptions } from '../checkpoints/float32-copy.js'
import type { OpenedEncoder } from '../checkpoints/open-encoder.js'
import { openLanguageModel } from '../checkpoints/open-language-model.js'
import type { ModelConfig, NamedEncoder } from '../config/config.js'
import { expectFitting } from '../config/misfits.js'
import type { BaseRecord, BaseRecords } from '../config/model-description.js'
import {
  type BaseReference,
  type EncoderReference,
  isReference,
  type ModelPlan,
  type PlannedEncoder,
} from '../config/plan.js'
import type { Bases } from './bases.js'
import { findBase, nameOfBase } from './find-base.js'
import { rememberPlace } from './known-places.js'
import { openEncoderBase } from './open-encoder-base.js'

/** A plan whose bases have been found. */
export interface ResolvedPlan {
  readonly config: ModelConfig
  readonly bases: Bases
  /** What a model that is trained so says of its bases. */
  readonly records: BaseRecords | undefined
  /** Of the blocks that the language model's matrices are in: see `LanguageModelReference`. */
  readonly bits?: Bits
}

/**
 * Finds and opens the pretrained models that a plan names.
 * @throws PalError for one that is not found, or cannot be a part of a model, and for parts that do not fit one another
 */
export async function resolvePlan(plan: ModelPlan, options: CopyOptions = {}): Promise<ResolvedPlan> {
  const { encoders, bases, records } = await resolveEncoders(plan.encoders, options)
  const ofEncoders = Object.keys(records).length > 0 ? { encoders: records } : undefined
  const { encoders: _, llm, ...rest } = plan
  if (!isReference(llm)) {
    return {
      config: expectFitting({ encoders, ...rest, llm }),
      bases: { encoders: bases },
      records: ofEncoders,
    }
  }
  const { bits } = llm
  const { opened, record } = await openReference(llm, openLanguageModel, {
    ...options,
    ...(bits && { bits }),
  })
  return {
    config: expectFitting({ encoders, ...rest, llm: opened.config }),
    bases: { llm: opened, encoders: bases },
    records: { llm: record, ...ofEncoders },
    ...(bits && { bits }),
  }
}

/** The encoders of a plan alone: see `resolvePlan`. */
export async function resolveEncoders(planned: readonly PlannedEncoder[], options: CopyOptions = {}) {
  const encoders: NamedEncoder[] = []
  const bases = new Map<string, OpenedEncoder>()
  const records: Record<string, BaseRecord> = {}
  for (const part of planned) {
    const { name, encoder } = part
    if (!isReference(encoder)) {
      encoders.push({ ...part, encoder })
      continue
    }
    const { opened, record } = await openReference(encoder, openEncoderBase, options)
    bases.set(name, opened)
    if (!encoder.keep) records[name] = record
    encoders.push({ ...part, encoder: windowed(opened.config, encoder, name) })
  }
  expectOneRate(encoders)
  return { encoders, bases, records }
}

async function openReference<T extends { readonly name: string; readonly sha256: string }>(
  { from }: BaseReference,
  open: (path: string, options: CopyOptions) => Promise<T>,
  options: CopyOptions,
) {
  const path = await findBase(from)
  const opened = await open(path, options)
  await rememberPlace(opened.sha256, path, options)
  // A path means nothing elsewhere; a name does.
  const isPath = await stat(from).then(
    () => true,
    () => false,
  )
  return { opened, record: { name: isPath ? opened.name : nameOfBase(from, path), sha256: opened.sha256 } }
}

function windowed(
  config: EncoderConfig,
  { from, windowSeconds }: EncoderReference,
  name: string,
): EncoderConfig {
  if (windowSeconds === undefined) return config
  if (config.kind === 'whisper') return withWindow(config, windowSeconds)
  throw new PalError(
    `expected a Whisper, whose window can be shortened, got ${from}, an encoder of kind "${config.kind}"`,
    { key: `model.encoders.${name}.encoder.windowSeconds` },
  )
}

/** Audio is read once, at one rate. */
function expectOneRate(encoders: readonly NamedEncoder[]): void {
  const [first] = encoders
  for (const { name, encoder } of encoders) {
    if (encoder.sampleRate === first?.encoder.sampleRate) continue
    throw new PalError(
      `expected encoders of one sample rate, got ${first?.encoder.sampleRate} Hz (${first?.name}) and ${encoder.sampleRate} Hz (${name})`,
      { key: 'model.encoders' },
    )
  }
}
