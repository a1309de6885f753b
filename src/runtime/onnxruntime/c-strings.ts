import { addressOf } from './api.js'

/** Strings as C has them, one after the other in memory that stays as long as this is referred to. */
export class CStrings {
  readonly bytes: Buffer
  /** Of each string: an array that C can be given. */
  readonly addresses: BigUint64Array

  constructor(strings: readonly string[], encoding: 'utf8' | 'utf16le' = 'utf8') {
    this.bytes = Buffer.from(strings.map((text) => `${text}\0`).join(''), encoding)
    this.addresses = new BigUint64Array(strings.length)
    let address: bigint = addressOf(this.bytes)
    strings.forEach((text, i) => {
      this.addresses[i] = address
      address += BigInt(Buffer.byteLength(`${text}\0`, encoding))
    })
  }
}

/** What ORTCHAR_T holds: the characters of a file's name. */
export const FILE_NAME_ENCODING = process.platform === 'win32' ? 'utf16le' : 'utf8'
