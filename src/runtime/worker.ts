import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { Activity } from './activity.js'
import type { CloseRequest, Request, Response, Value, WorkerData } from './protocol.js'

/**
 * The worker's side of the runtime: the only thread that runs ONNX Runtime. A run blocks its thread, so it has a
 * thread of its own and the one that asked goes on drawing batches, reading answers and showing progress.
 */
const port = parentPort as MessagePort
const activity = new Activity((workerData as WorkerData).activity)
/** Loaded by the first request and not before: while it loads, the thread is at work (see Activity). */
let work: Promise<typeof import('./carry-out.js')> | undefined

// One request at a time, in the order in which they came.
let queue: Promise<void> = Promise.resolve()
port.on('message', (request: Request | CloseRequest) => {
  queue = queue.then(() =>
    request.kind === 'close' ? activity.atLast(close) : activity.during(() => answer(request)),
  )
})

async function answer(request: Request): Promise<void> {
  work ??= import('./carry-out.js')
  try {
    const { carryOut } = await work
    const response = carryOut(request)
    const transfer = [...buffersOf(response.outputs), ...(response.lent ? [response.lent] : [])]
    port.postMessage({ ...response, id: request.id }, transfer)
  } catch (error) {
    const lent = request.kind === 'run' && request.lent ? (await work).take(request.lent.arena) : undefined
    const message = error instanceof Error ? error.message : String(error)
    port.postMessage({ id: request.id, error: message, lent } satisfies Response, lent ? [lent] : [])
  }
}

async function close(): Promise<void> {
  const loaded = await work?.catch(() => undefined)
  loaded?.releaseAll()
  // Nothing else keeps this thread alive.
  port.close()
}

function buffersOf(outputs: Readonly<Record<string, Value>> | undefined): readonly ArrayBuffer[] {
  return Object.values(outputs ?? {}).map(({ data }) => data.buffer as ArrayBuffer)
}
