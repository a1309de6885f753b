#!/usr/bin/env node
import * as module from 'node:module'
import { join } from 'node:path'
import { cacheFolder } from '../dist/cache-folder.js'

// Compiled once and not at every start, from Node 22 on.
module.enableCompileCache?.(join(cacheFolder(), 'compiled'))
const { main } = await import('../dist/cli/main.js')
process.exitCode = await main(process.argv.slice(2))
