/** The client side of the control socket: `Operations` of the process that holds the data folder. */
import { createConnection, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { runtimeError } from '../core/errors/runtime.ts'
import { type ControlAnswer, controlPath, fromWire } from '../runtime/control-protocol.ts'
import { OPERATIONS, type OpenedOperations, type Operations } from '../runtime/operations.ts'

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/**
 * Connects to the process that holds the embedded data folder; null when nobody listens there (no process, or
 * one that died). Calls throw what the other side threw, or RUNTIME_CONTROL_LOST.
 */
export async function connectControl(data: string): Promise<OpenedOperations | null> {
  const socket = await connect(controlPath(data))
  if (!socket) return null
  const waiting = new Map<number, Waiting>()
  let last = 0
  const lost = (reason: string) => {
    for (const { reject } of waiting.values()) reject(runtimeError('RUNTIME_CONTROL_LOST', { reason }))
    waiting.clear()
  }
  socket.on('close', () => lost('closed'))
  socket.on('error', (error: NodeJS.ErrnoException) => lost(error.code ?? 'error'))
  createInterface({ input: socket }).on('line', (line) => {
    const answer = JSON.parse(line) as ControlAnswer
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('error' in answer) asked?.reject(fromWire(answer.error))
    else asked?.resolve(answer.result)
  })
  const call = (method: string, params: unknown) =>
    new Promise((resolve, reject) => {
      last += 1
      if (!socket.writable) return reject(runtimeError('RUNTIME_CONTROL_LOST', { reason: 'closed' }))
      waiting.set(last, { resolve, reject })
      socket.write(`${JSON.stringify({ id: last, method, params })}\n`)
    })
  const methods = OPERATIONS.map((method) => [method, (params: unknown) => call(method, params)])
  return {
    operations: Object.fromEntries(methods) as Operations,
    async close() {
      socket.destroy()
    },
  }
}

function connect(path: string): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path)
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(error.code ?? '')) resolve(null)
      else reject(runtimeError('RUNTIME_CONTROL_LOST', { reason: error.code ?? 'error' }, error))
    })
  })
}
