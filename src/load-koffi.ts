import { PalError } from './errors.js'

export type Koffi = typeof import('koffi')['default']

/**
 * Loads the package that calls C's libraries. An installation may lack its binaries, which are optional dependencies of its own.
 * @throws PalError if it does not load
 */
export async function loadKoffi(load = () => import('koffi')): Promise<Koffi> {
  try {
    return (await load()).default
  } catch (cause) {
    const { message } = cause as Error
    throw new PalError(
      `expected the package koffi, which calls libraries of C, got none that loads: ${message}`,
      {
        hint: 'Install again, with optional dependencies: `npm install --include=optional`.',
        cause,
      },
    )
  }
}
