/** The quickstart's stand-ins, each a process of its own started through our own CLI. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { extname, join } from 'node:path'

export interface Sandbox {
  url: string
  stop(): Promise<void>
}

const MAIN = join(import.meta.dirname, '..', `main${extname(import.meta.filename)}`)
/** Milliseconds. */
const START_LIMIT = 30_000

/** Starts `tributary sandbox <name> …` and resolves with its address. Throws what it said when it ended. */
export async function startSandbox(name: string, options: string[]): Promise<Sandbox> {
  const child = spawn(process.execPath, [MAIN, '--json', 'sandbox', name, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const url = await listening(child, name)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    url,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

function listening(child: ChildProcess, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = ''
    let err = ''
    const late = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`the ${name} sandbox did not start within ${START_LIMIT / 1000} s: ${err}`))
    }, START_LIMIT)
    child.stderr!.on('data', (chunk) => {
      err = (err + chunk).slice(-2000)
    })
    child.stdout!.on('data', (chunk) => {
      out += chunk
      const url = /"url":\s*"([^"]+)"/.exec(out)?.[1]
      if (!url) return
      clearTimeout(late)
      resolve(url)
    })
    child.once('exit', (code) => {
      clearTimeout(late)
      reject(new Error(`the ${name} sandbox ended with code ${code}: ${err}`))
    })
  })
}

/** A port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
