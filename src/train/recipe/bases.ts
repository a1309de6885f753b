import { type ChosenBases, chosenEncoders } from '../../model/bases/chosen-bases.js'
import type { Change } from './change.js'
import { isSettings, type Path, valueAt } from './setting-path.js'

/** Where a recipe names pretrained models to build on. */
export function basePaths(settings: Unchecked): readonly Path[] {
  return modelsOf(settings).flatMap(({ at, model }) => [
    ...encodersOf(model).flatMap(({ encoder }, i) =>
      isReference(encoder) ? [[...at, 'encoders', i, 'encoder', 'from']] : [],
    ),
    ...(isReference(model?.llm) ? [[...at, 'llm', 'from']] : []),
  ])
}

/** The changes that put pretrained models into the places of what a recipe says; what else it says of a place stays. */
export function baseChanges({ llm, encoders = [] }: ChosenBases, settings: Unchecked): readonly Change[] {
  const places = modelsOf(settings).flatMap(({ at, model }) =>
    encodersOf(model).map(({ name, encoder }, i) => ({
      ...{ name: String(name), encoder },
      path: [...at, 'encoders', i, 'encoder'],
    })),
  )
  const names = [...new Set(places.map(({ name }) => name))]
  const chosen = chosenEncoders(
    encoders,
    names.map((name) => ({ name })),
  )
  const ofEncoders = places.flatMap(({ name, encoder, path }) => {
    const from = chosen.get(name)
    return from === undefined ? [] : [{ path, value: { ...(isReference(encoder) && encoder), from } }]
  })
  const before = valueAt(settings, ['model', 'llm'])
  const all = [
    ...ofEncoders,
    ...(llm === undefined
      ? []
      : [{ path: ['model', 'llm'], value: { ...(isReference(before) && before), from: llm } }]),
  ]
  return all.map((change) => ({ key: change.path.join('.'), ...change }))
}

/** What of a recipe is looked at before it has been checked. */
interface Unchecked {
  readonly model?: UncheckedModel | null
  readonly compare?: Readonly<Record<string, UncheckedModel | null>> | null
}

interface UncheckedModel {
  readonly encoders?: unknown
  readonly llm?: unknown
}

/** The models that a recipe describes: its own, and what the settings that it compares change of it. */
function modelsOf({ model, compare }: Unchecked): readonly { at: Path; model?: UncheckedModel | null }[] {
  const settings = isSettings(compare) ? Object.entries(compare) : []
  return [
    ...(model ? [{ at: ['model'], model }] : []),
    ...settings.map(([name, model]) => ({ at: ['compare', name], model })),
  ]
}

function encodersOf(
  model: UncheckedModel | null | undefined,
): readonly { name?: unknown; encoder?: unknown }[] {
  return Array.isArray(model?.encoders) ? model.encoders : []
}

const isReference = (part: unknown): part is { readonly from: string } =>
  isSettings(part) && typeof part.from === 'string'
