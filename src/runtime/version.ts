/** Which Tributary this is. */
import { existsSync, readFileSync } from 'node:fs'

/** The version of package.json, which lies above src/ in a clone and above dist/src/ in the package. */
export function version(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    const file = new URL(up, import.meta.url)
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')).version as string
  }
  return '0.0.0'
}
