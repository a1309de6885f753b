import { Tensor } from './onnxruntime/tensor.js'
import type { ArenaMemory } from './protocol.js'

/** An arena's memory while the worker has it. Tensors over it are made once, when they are first asked for: a token has sixty. */
export class HeldArena {
  readonly #memory: ArenaMemory
  readonly #tensors = new Map<string, Tensor>()

  constructor(memory: ArenaMemory) {
    this.#memory = memory
  }

  /** @returns none if the arena has nothing of that name */
  tensor(name: string): Tensor | undefined {
    const known = this.#tensors.get(name)
    if (known) return known
    const entry = this.#memory.entries.find((entry) => entry.name === name)
    if (!entry) return undefined
    const data = new Float32Array(this.#memory.buffer, entry.offset * 4, entry.length)
    const tensor = new Tensor({ data, dims: entry.shape })
    this.#tensors.set(name, tensor)
    return tensor
  }

  /** Releases the tensors, for good. @returns the memory, which may go elsewhere then */
  release(): ArrayBuffer {
    for (const tensor of this.#tensors.values()) tensor.release()
    this.#tensors.clear()
    return this.#memory.buffer
  }
}
