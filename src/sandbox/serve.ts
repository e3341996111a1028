/** What every sandbox server does alike: reading bodies, answering JSON, its faults' switchboard, beginning and end. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Faults } from './faults.ts'

/** Bytes. */
const SWITCHES_LIMIT = 65_536

/** Answers JSON. */
export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const text = Buffer.from(`${JSON.stringify(body)}\n`)
  res.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': text.length })
  res.end(text)
}

/** The body, or null when it is larger than `limit` bytes; then it is read to its end and dropped. */
export async function readBody(req: IncomingMessage, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= limit) chunks.push(chunk)
    else chunks.length = 0
  }
  return size <= limit ? Buffer.concat(chunks) : null
}

/** Bytes as JSON; undefined for what is none. */
export function parseBody(bytes: Buffer | null): unknown {
  try {
    return bytes === null ? undefined : JSON.parse(bytes.toString())
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined
    throw cause
  }
}

/** `POST /_sandbox/faults`: changes the switches and answers them all; 400 for what is no switch. */
export async function setFaults(faults: Faults, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const patch = parseBody(await readBody(req, SWITCHES_LIMIT))
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
    return sendJson(res, 400, { error: 'an object expected' })
  try {
    faults.set(patch as Record<string, unknown>)
    sendJson(res, 200, faults.current())
  } catch (cause) {
    if (!(cause instanceof RangeError || cause instanceof TypeError)) throw cause
    sendJson(res, 400, { error: cause.message })
  }
}

export interface SandboxServer {
  /** For its own complaints on the console. */
  name: string
  /** 0 or left out: any free one. */
  port: number | undefined
  route(req: IncomingMessage, res: ServerResponse): Promise<unknown>
  /** Before connections are cut: lets go of requests that are held. */
  release?(): void
  /** Ends timers and closes the store; also when the server could not start. */
  stop(): void | Promise<void>
}

/**
 * Listens on 127.0.0.1 and resolves once it does. `close` cuts all connections and stops everything. Rejects
 * when the port is taken.
 */
export async function serveSandbox(sandbox: SandboxServer): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((req, res) => {
    sandbox.route(req, res).catch((cause) => failed(sandbox.name, res, cause))
  })
  // Longer than any client keeps an idle connection, so that a reused one is never cut by us by chance.
  server.keepAliveTimeout = 65_000
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(sandbox.port ?? 0, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (cause) {
    await sandbox.stop()
    throw cause
  }
  const close = async () => {
    sandbox.release?.()
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
    await sandbox.stop()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

function failed(name: string, res: ServerResponse, cause: unknown): void {
  if (res.destroyed || res.socket?.destroyed) return
  console.error(`${name} sandbox:`, cause)
  if (res.headersSent) res.destroy()
  else sendJson(res, 500, { error: 'the sandbox failed; see its console' })
}
