import { join } from 'node:path'
import { homeFolder } from './home-folder.js'

/** Where what can be made again is kept: PAL_CACHE, or a folder of ours in the user's cache. */
export function cacheFolder(): string {
  const { PAL_CACHE, XDG_CACHE_HOME } = process.env
  return PAL_CACHE || join(XDG_CACHE_HOME || join(homeFolder(), '.cache'), 'pal-audio')
}
