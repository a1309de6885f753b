import { api, type Pointer, returned } from './api.js'
import { CStrings } from './c-strings.js'

/** For a session that is made within `withExactArena`: it takes the allocators that it finds in the environment. */
export const USE_EXACT_ARENA = { 'session.use_env_allocators': '1' } as const

/**
 * Makes a session whose arena takes from the system what is asked for, and not the next power of two: a training step of PLITS at
 * SmolLM2-135M's sizes peaked at 4,912 MiB with the arena that a session makes by itself, and peaks at 3,907 with this one, in the same
 * time.
 *
 * Such an arena can only be had from the environment, which all sessions of the process share. So it is there while the session is made
 * and no longer: the session holds it, and it goes with the session. One at a time: the environment does not guard what it has.
 */
export function withExactArena<T>(environment: Pointer, make: () => T): T {
  const memory = returned((into) => api().CreateCpuMemoryInfo(ARENA_ALLOCATOR, DEFAULT_MEMORY, into))
  const settings = newSettings()
  const isOurs = register(environment, memory, settings)
  try {
    return make()
  } finally {
    if (isOurs) api().UnregisterAllocator(environment, memory)
    api().ReleaseArenaCfg(settings)
    api().ReleaseMemoryInfo(memory)
  }
}

/** @returns false if a thread that has loaded this package by itself is making a session: its arena does as well */
function register(environment: Pointer, memory: Pointer, settings: Pointer): boolean {
  try {
    api().CreateAndRegisterAllocator(environment, memory, settings)
    return true
  } catch {
    return false
  }
}

/** OrtArenaAllocator */
const ARENA_ALLOCATOR = 1
/** OrtMemTypeDefault */
const DEFAULT_MEMORY = 0
/** kSameAsRequested */
const SAME_AS_REQUESTED = 1n

function newSettings(): Pointer {
  const names = new CStrings(['arena_extend_strategy'])
  const values = BigUint64Array.of(SAME_AS_REQUESTED)
  return returned((into) => api().CreateArenaCfgV2(names.addresses, values, values.length, into))
}
