import type { Check } from './check.js'
import { checkAac, checkDecoders } from './decoders.js'
import { checkFeatures } from './features.js'
import { checkMemory, checkNode, checkProcessor } from './machine.js'
import { checkCheckpoints, checkModels } from './models.js'
import { checkMpi } from './mpi.js'
import { checkAccelerators, checkRuntime } from './runtime.js'

/** Looks at everything that asking and training need, one thing after the other. */
export async function* examine(): AsyncGenerator<Check, void, void> {
  for (const look of looks) yield await look()
  yield* await checkModels()
}

const looks = [
  checkNode,
  checkProcessor,
  checkMemory,
  checkRuntime,
  checkAccelerators,
  checkMpi,
  checkDecoders,
  checkAac,
  checkCheckpoints,
  checkFeatures,
] as const
