import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// Loaded before a file of tests by --import: what the tests and their children leave in the temporary folder goes with it.
const folder = mkdtempSync(join(tmpdir(), 'pal-test-'))
for (const name of ['TMPDIR', 'TMP', 'TEMP']) process.env[name] = folder
process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
