import { isUtf8 } from 'node:buffer'
import { PalError } from './errors.js'

/**
 * The text that bytes are in UTF-8. What is not would be read as U+FFFD, and learnt from or asked like that.
 * @param line of the file that the bytes begin with
 * @throws PalError naming the line of the first bytes that are none
 */
export function utf8(bytes: Buffer, file: string, line = 1): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  const encoding = UTF_16_MARKS.some((mark) => bytes.subarray(0, 2).equals(mark)) ? 'utf-16' : 'latin1'
  throw new PalError('expected text in UTF-8, got bytes that are none', {
    ...{ file, line: line + linesBeforeOther(bytes) },
    hint: `Convert the file, for instance by iconv -f ${encoding} -t utf-8.`,
  })
}

/** A byte-order mark that only the other encoding has. */
const UTF_16_MARKS = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])] as const

/** How many lines are UTF-8. Whatever it is in, no character of several bytes has that of a line's end among them. */
function linesBeforeOther(bytes: Buffer): number {
  let [line, from] = [0, 0]
  for (;;) {
    const end = bytes.indexOf('\n', from)
    if (end < 0 || !isUtf8(bytes.subarray(from, end))) return line
    ;[line, from] = [line + 1, end + 1]
  }
}
