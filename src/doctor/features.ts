import { stat } from 'node:fs/promises'
import { featureFile, featureFolder } from '../features/feature-store.js'
import { type Check, check } from './check.js'

/** What training has kept of encoders' outputs, and where. */
export function checkFeatures(): Promise<Check> {
  return check(
    'encoder outputs',
    async () => {
      const file = featureFile(featureFolder())
      const size = await stat(file).then(
        ({ size }) => size,
        () => 0,
      )
      return { found: size === 0 ? `none kept in ${file}` : `${Math.ceil(size / 2 ** 20)} MiB in ${file}` }
    },
    'Name another folder with PAL_CACHE.',
  )
}
