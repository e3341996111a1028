/** The product as a process: started, killed for real, started again, stopped as an operator would. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, existsSync, readFileSync, type WriteStream } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ProductOptions {
  /** Folder with tributary.yaml; the log of all its lives goes to product.log there. */
  folder: string
  url: string
  embedded: boolean
  /** For every life: sabotage, deadly record. */
  env: Record<string, string>
}

/** How one life ended. */
export interface Death {
  code: number | null
  signal: NodeJS.Signals | null
  /** Nobody here killed it. */
  byItself: boolean
}

const ENTRY = process.env.TRIBUTARY_FAULT_ENTRY ?? join(import.meta.dirname, '../../src/cli/main.ts')
const READY_WITHIN = 40_000

/** Children still alive; none may outlive the tests. */
const children = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

export class Product {
  #options: ProductOptions
  #child: ChildProcess | null = null
  #ended: Promise<Death> = Promise.resolve({ code: 0, signal: null, byItself: false })
  #killed = false
  #log: WriteStream
  #tail = ''
  /** Lives begun so far. */
  starts = 0

  constructor(options: ProductOptions) {
    this.#options = options
    this.#log = createWriteStream(join(options.folder, 'product.log'), { flags: 'a' })
  }

  /** The last lines of the life in hand, or of the last one. */
  get tail(): string {
    return this.#tail
  }

  get running(): boolean {
    return this.#child !== null
  }

  /** Settles when the life in hand ends. */
  get ended(): Promise<Death> {
    return this.#ended
  }

  /**
   * Begins a life. Resolves true when its HTTP answers, false when it died before by a signal. Throws when it
   * ended with an exit code or is not ready in time.
   */
  async start(env: Record<string, string> = {}): Promise<boolean> {
    const args = [ENTRY, 'start', '--config', join(this.#options.folder, 'tributary.yaml')]
    const child = spawn(process.execPath, args, {
      cwd: this.#options.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TRIBUTARY_FAULT_TESTS: '1', ...this.#options.env, ...env },
    })
    this.starts += 1
    this.#tail = ''
    this.#child = child
    this.#killed = false
    children.add(child)
    const keep = (chunk: Buffer) => {
      this.#tail = (this.#tail + chunk.toString()).slice(-6000)
      this.#log.write(chunk)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    this.#ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        children.delete(child)
        this.#child = null
        resolve({ code, signal, byItself: !this.#killed })
      })
    })
    return this.#ready()
  }

  async #ready(): Promise<boolean> {
    const end = Date.now() + READY_WITHIN
    while (Date.now() < end) {
      if (await answers(this.#options.url)) return true
      const death = await Promise.race([this.#ended, sleep(50, null)])
      if (death?.signal) return false
      if (death) throw new Error(`the product ended by itself with code ${death.code}:\n${this.#tail}`)
    }
    throw new Error(`the product is not ready after ${READY_WITHIN} ms:\n${this.#tail}`)
  }

  /** The process that really holds the ledger: the embedded folder names its owner. */
  #holder(): number | null {
    const owner = join(this.#options.folder, 'data', 'owner.json')
    if (!this.#options.embedded || !existsSync(owner)) return this.#child?.pid ?? null
    try {
      return (JSON.parse(readFileSync(owner, 'utf8')) as { pid: number }).pid
    } catch (error) {
      if (error instanceof SyntaxError) return this.#child?.pid ?? null
      throw error
    }
  }

  /** SIGKILL to the process that holds the ledger. False when it was dead already. */
  async kill(): Promise<boolean> {
    const child = this.#child
    const holder = this.#holder()
    if (!child || holder === null) return false
    if (holder !== child.pid)
      throw new Error(`process ${holder} holds the ledger, but ${child.pid} was started`)
    this.#killed = true
    child.kill('SIGKILL')
    await this.#ended
    return true
  }

  /** A signal for what a test has preloaded (NODE_OPTIONS). */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** SIGTERM; resolves with how it ended and how long that took. SIGKILL after `patience` ms. */
  async stop(patience = 30_000): Promise<Death & { took: number }> {
    const began = performance.now()
    const child = this.#child
    child?.kill('SIGTERM')
    const timer = setTimeout(() => child?.kill('SIGKILL'), patience)
    const death = await this.#ended
    clearTimeout(timer)
    return { ...death, took: Math.round(performance.now() - began) }
  }

  close(): void {
    this.#log.end()
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.ok
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  }
}

/**
 * What waits in the product by hop (`inbox`, `planned`, …), from /metrics, and as `unread` the seconds since the
 * shop was read to the end; null when it does not answer.
 */
export async function waiting(url: string): Promise<Record<string, number> | null> {
  try {
    const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) })
    const text = await response.text()
    if (!response.ok) return null
    const rows = [...text.matchAll(/^tributary_waiting\{hop="(\w+)"\} (\d+)/gm)]
    const [, age] =
      /^tributary_watermark_age_seconds\{connection="shop",stream="order"\} (\d+)/m.exec(text) ?? []
    return {
      ...Object.fromEntries(rows.map(([, hop, count]) => [hop!, Number(count)])),
      unread: Number(age ?? 9999),
    }
  } catch (error) {
    if (error instanceof Error) return null
    throw error
  }
}
