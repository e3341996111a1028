/** Seconds from `npm start` in an empty folder to the first order confirmed in the ERP, five times. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from './parts/load.ts'

const MAIN = join(import.meta.dirname, '..', 'src/cli/main.ts')

async function once(): Promise<number> {
  const cwd = mkdtempSync(join(tmpdir(), 'tributary-first-'))
  const started = performance.now()
  const child = spawn(process.execPath, [MAIN, 'start', '--orders', '1000'], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const seconds = await new Promise<number>((resolve, reject) => {
    let text = ''
    child.stderr.on('data', (chunk) => {
      text += chunk
      if (/confirmed\s+[1-9]/.test(text)) resolve((performance.now() - started) / 1000)
    })
    child.once('exit', () => reject(new Error(`it ended: ${text.slice(-500)}`)))
  })
  child.kill('SIGTERM')
  await ended
  rmSync(cwd, { recursive: true, force: true })
  return seconds
}

const seconds: number[] = []
for (let n = 0; n < 5; n++) seconds.push(await once())
console.log(
  `first order confirmed after ${median(seconds).toFixed(1)} s (median of ${seconds.map((s) => s.toFixed(1)).join(', ')})`,
)
