import { Random } from '../random.js'
import { fuzz } from './damage.test.helper.js'
import { floats, ggufBytes, list, text, uint } from './gguf.test.helper.js'
import { parseGguf } from './gguf-header.js'
import { headerStart, parseHeader } from './safetensors-header.js'
import { fileBytes } from './weights.test.fixtures.js'

/** Fuzzes the reader of safetensors headers. */
export function fuzzSafetensors(rounds: number): void {
  const good = fileBytes(
    {
      __metadata__: { step: '1' },
      a: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
      b: { dtype: 'BF16', shape: [4], data_offsets: [24, 32] },
    },
    new Uint8Array(32),
  )
  fuzz(good, new Random('safetensors headers'), rounds, (bytes, file) => {
    // The length stands before the header, and is checked by openSafetensors; here the header ends where it ended.
    const header = bytes.subarray(headerStart, Math.max(headerStart, good.length - 32))
    return parseHeader(header, file, bytes.length).tensors.values()
  })
}

/** Fuzzes the reader of GGUF headers. */
export function fuzzGguf(rounds: number): void {
  const good = ggufBytes({
    metadata: [
      ['general.architecture', text('llama')],
      ['llama.block_count', uint(2)],
      ['tokens', list(8, ['a', 'bc', 'def'])],
      ['types', list(5, [1, 1, 3])],
      ['nested', [9, [list(8, ['x'])]]],
    ],
    tensors: [
      ['a', floats([2, 4], [1, 2, 3, 4, 5, 6, 7, 8])],
      ['b', { sizes: [32, 2], type: 2, data: new Uint8Array(36) }],
    ],
  })
  fuzz(good, new Random('gguf headers'), rounds, (bytes, file) =>
    parseGguf(bytes, file, bytes.length)?.tensors.values(),
  )
}
