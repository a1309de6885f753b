/**
 * Runs one synchronous decode without the lines that the WebAssembly decoders write to the console for every
 * damaged frame. They also return these errors, and one warning about the file says it better.
 */
export function quietly<T>(decode: () => T): T {
  const { error } = console
  console.error = () => {}
  try {
    return decode()
  } finally {
    console.error = error
  }
}
