/** The server side of the control socket. Started by the process that holds an embedded data folder. */
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { isMainThread } from 'node:worker_threads'
import { type ControlAnswer, type ControlRequest, toWire } from './control-protocol.ts'
import { OPERATIONS, type Operations } from './operations.ts'

export interface Control {
  path: string
  close(): Promise<void>
}

/**
 * Serves `operations` at `path` (see `controlPath`) to this user alone (mode 0600). The caller holds the
 * folder's lock, so a socket that lies there is a dead process's and is replaced. `onError` hears of failures
 * that are not TributaryErrors; the asker is told only that it was our mistake.
 */
export async function serveControl(
  operations: Operations,
  path: string,
  onError: (error: unknown, method: string) => void = () => undefined,
): Promise<Control> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // An asker that goes away takes nothing with it.
    socket.on('error', () => socket.destroy())
    const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })
    lines.on('line', (line) => {
      void answer(operations, line, onError).then((reply) => {
        if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`)
      })
    })
  })
  const windows = process.platform === 'win32'
  if (!windows) rmSync(path, { force: true })
  await new Promise<void>((ready, failed) => {
    server.once('error', failed)
    // Node binds before `listen` returns: with this mask nobody else can slip in before the chmod.
    const mask = isMainThread && !windows ? process.umask(0o177) : null
    server.listen(path, ready)
    if (mask !== null) process.umask(mask)
  })
  if (!windows) chmodSync(path, 0o600)
  return {
    path,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((closed) => server.close(() => closed()))
    },
  }
}

async function answer(
  operations: Operations,
  line: string,
  onError: (error: unknown, method: string) => void,
): Promise<ControlAnswer> {
  let request: Partial<ControlRequest> = {}
  try {
    request = JSON.parse(line) as ControlRequest
  } catch (error) {
    return {
      id: -1,
      error: { code: 'RUNTIME_REQUEST', detail: { field: 'line', reason: (error as Error).name } },
    }
  }
  const id = Number(request.id ?? -1)
  const method = request.method as (typeof OPERATIONS)[number]
  if (!OPERATIONS.includes(method)) {
    return {
      id,
      error: { code: 'RUNTIME_UNKNOWN', detail: { what: 'method', id: String(method).slice(0, 40) } },
    }
  }
  try {
    const run = operations[method] as (params: unknown) => Promise<unknown>
    return { id, result: (await run.call(operations, request.params ?? {})) ?? null }
  } catch (error) {
    const wire = toWire(error)
    if (wire.code === 'RUNTIME_INTERNAL') onError(error, method)
    return { id, error: wire }
  }
}
