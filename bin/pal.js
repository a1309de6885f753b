#!/usr/bin/env node
import * as module from 'node:module'

// Compiled once and not at every start, from Node 22 on.
module.enableCompileCache?.()
const { main } = await import('../dist/cli/main.js')
process.exitCode = await main(process.argv.slice(2))
