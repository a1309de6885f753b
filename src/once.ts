/** Makes something when it is first asked for, and gives the same ever after; what it was made of need not stay. */
export function once<T extends object>(make: () => T): () => T {
  let making: (() => T) | undefined = make
  let made: T | undefined
  return () => {
    made ??= making!()
    making = undefined
    return made
  }
}
