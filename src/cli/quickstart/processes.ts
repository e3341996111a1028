/** The quickstart's stand-ins, each a process of its own: sandbox-process.ts. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { extname, join } from 'node:path'
import type { StandIn } from './sandbox-process.ts'

export interface Sandbox {
  url: string
  stop(): Promise<void>
}

const MAIN = join(import.meta.dirname, `sandbox-process${extname(import.meta.filename)}`)
/** Milliseconds. */
const START_LIMIT = 30_000

/**
 * Starts a stand-in with the options of its server and resolves with its address. It ends with us, however we end.
 * Throws what it said when it ended.
 */
export async function startSandbox(name: StandIn, options: object): Promise<Sandbox> {
  const child = spawn(process.execPath, [MAIN, name, JSON.stringify(options)], { stdio: 'pipe' })
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
      const url = /^(http\S+)\n/.exec(out)?.[1]
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
