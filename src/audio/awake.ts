/**
 * Holds a timer while something is awaited. Whenever Node has nothing else to wait for, as while WebAssembly is
 * compiled, it waits for all tasks of its helper threads, and hangs for ever where one of these waits for the main
 * thread in turn (https://github.com/nodejs/node/issues/54918, open for Node 20; it hung a run of our tests).
 */
export async function awake<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, LONG)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

/** The longest that a timer can wait, in milliseconds. */
const LONG = 2 ** 31 - 1
