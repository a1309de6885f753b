/** Where a mistake lies: enough for a user to open the file at the right place. */
export interface ErrorDetails {
  /** The file, and the line within it, that the mistake is in. */
  readonly file?: string
  readonly line?: number
  /** The setting, column or option that the mistake is in. */
  readonly key?: string
  /** What to do about it, as one sentence. */
  readonly hint?: string
  readonly cause?: unknown
}

/**
 * A mistake that the user can mend. The message says what was expected and what was given; the command line
 * prints it without a stack trace. Anything else that is thrown is a fault of ours.
 */
export class PalError extends Error {
  override readonly name = 'PalError'
  readonly details: ErrorDetails

  constructor(message: string, details: ErrorDetails = {}) {
    super(sentence(message, details), details.cause === undefined ? undefined : { cause: details.cause })
    this.details = details
  }
}

function sentence(message: string, { file, line, key, hint }: ErrorDetails): string {
  const place = [file && (line === undefined ? file : `${file}:${line}`), key].filter(Boolean).join(', ')
  return [place ? `${place}: ${message}` : message, hint].filter(Boolean).join('\n')
}
