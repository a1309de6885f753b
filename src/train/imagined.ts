import { PalError } from '../errors.js'
import { isLora } from '../nn/lora.js'
import type { Recipe, Stage } from './recipe/recipe.js'
import { trainedBy } from './trained-parts.js'

/**
 * What an encoder is to make of a sound that it never heard is told behind it: it stays as it is.
 * @throws PalError for an encoder that learns, has something hidden from it, or LoRA on its classifier
 */
export function expectImaginable(sizes: ReadonlyMap<string, number>, recipe: Recipe): void {
  for (const [i, stage] of recipe.stages.entries()) {
    for (const encoder of imaginedIn(recipe, stage)) {
      const expect = (holds: boolean, key: string, got: string, hint: string) => {
        if (holds) return
        throw new PalError(`expected an encoder that stays as it is, to imagine what it hears, got ${got}`, {
          key,
          hint,
        })
      }
      const own = [...sizes.keys()].filter((name) => name.startsWith(`encoders.${encoder}.encoder.`))
      const spare = `'!encoders.${encoder}.encoder.*'`
      const trained = own.find(trainedBy(stage.trained))
      expect(trained === undefined, `stages.${i}.trained`, `a stage that trains ${trained}`, `Add ${spare}.`)
      expect(
        stage.specAugment === undefined,
        `stages.${i}.specAugment`,
        'a stage with SpecAugment',
        'Leave it out.',
      )
      const adapted = own.find((name) => isLora(name) && name.includes('.classifier.'))
      expect(
        adapted === undefined,
        'model.lora.on',
        `LoRA on its classifier, ${adapted}`,
        `Add ${spare} to its patterns.`,
      )
    }
  }
}

/** The encoders that hear imagined sounds in a stage, by name. */
function imaginedIn({ sources }: Recipe, { batches }: Stage): readonly string[] {
  const drawn = batches.flatMap(({ mix }) => Object.keys(mix)).map((name) => sources[name])
  return [...new Set(drawn.flatMap((source) => (source?.kind === 'imagined' ? [source.encoder] : [])))]
}
