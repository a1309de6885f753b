import { homedir, userInfo } from 'node:os'

/**
 * The user's home. An empty HOME, as some services are started with, is none: what is kept there would come into the current
 * folder.
 */
export function homeFolder(): string {
  return homedir() || userInfo().homedir
}
