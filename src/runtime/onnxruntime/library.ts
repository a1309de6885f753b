import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import koffi, { type LibraryHandle } from 'koffi'
import { PalError } from '../../errors.js'

/**
 * Loads ONNX Runtime's shared library, which the package onnxruntime-node brings along. Its own binding for JavaScript is not
 * loaded: it copies every output of a run, and what is written where it lay would have to be copied back.
 * @throws PalError if the package has no library for this platform, or one that does not load
 */
export function loadLibrary(folder = libraryFolder()): LibraryHandle {
  const name = (NAMES[process.platform] ?? []).find((name) => existsSync(join(folder, name)))
  if (!name) {
    throw new PalError(`expected a library of ONNX Runtime for ${PLATFORM}, got none in ${folder}`, {
      hint: HINT,
    })
  }
  makeRoomOnStack()
  keepToOurselves()
  try {
    // The one beside it, and not an older one of the system's, which onnxruntime.dll would find by itself.
    if (process.platform === 'win32') load(join(folder, 'DirectML.dll'))
    return load(join(folder, name))
  } catch (cause) {
    const { message } = cause as Error
    throw new PalError(`expected a library of ONNX Runtime that loads, got ${name}: ${message}`, {
      hint: HINT,
      cause,
    })
  }
}

/** koffi unloads a library once nobody refers to it, and functions that are found by their address do not. */
const loaded: LibraryHandle[] = []

function load(path: string): LibraryHandle {
  const library = koffi.load(path)
  loaded.push(library)
  return library
}

const PLATFORM = `${process.platform} on ${process.arch}`

const HINT =
  'Install again, on a platform that onnxruntime-node has libraries for: Linux and Windows on x64 or arm64, macOS on arm64.'

/** What the library is called; the first that is there. */
const NAMES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ['libonnxruntime.so.1'],
  darwin: ['libonnxruntime.1.dylib', 'libonnxruntime.1.30.0.dylib'],
  win32: ['onnxruntime.dll'],
}

function libraryFolder(): string {
  const manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json')
  return join(dirname(manifest), 'bin', 'napi-v6', process.platform, process.arch)
}

/** As much as a thread of Node's has. */
const STACK = 4 * 2 ** 20

/** koffi calls functions on a stack of its own, whose size is settled once a thread has loaded its first library. */
function makeRoomOnStack(): void {
  try {
    koffi.config({ sync_stack_size: STACK })
  } catch {
    // Another library was first: what it settled is enough to ask for the execution providers.
  }
}

/**
 * Otherwise ONNX Runtime keeps notes of what is compiled in ~/.cache/Microsoft, and sends them to its maker. It asks the environment of
 * the process, of which a worker's `process.env` is a copy. Who has set the variable keeps what it says. On Windows it tells the
 * system, whose settings decide.
 */
function keepToOurselves(): void {
  const variable = 'ORT_DISABLE_TELEMETRY'
  if (process.platform === 'win32' || process.env[variable] !== undefined) return
  koffi.load(null).func('int setenv(const char *name, const char *value, int overwrite)')(variable, '1', 0)
}
