/**
 * How a command talks to the process that holds the embedded data folder: JSON lines over a socket in the
 * folder that only its owner may open. A request is `{id, method, params}`, an answer `{id, result}` or
 * `{id, error}`.
 */
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type ErrorDetail, TributaryError } from '../core/errors/error.ts'
import { runtimeError } from '../core/errors/runtime.ts'
import { ERRORS } from '../core/errors/table.ts'
import type { Operations } from './operations.ts'

export interface ControlRequest {
  id: number
  method: keyof Operations
  params: unknown
}

/** A TributaryError by its code; anything else becomes RUNTIME_INTERNAL. */
export interface WireError {
  code: string
  detail: ErrorDetail
}

export type ControlAnswer = { id: number; result: unknown } | { id: number; error: WireError }

/** The longest path that every system takes for a socket, less a little (macOS: 104 bytes). */
const LONGEST_PATH = 100

/**
 * Where the socket of a data folder is: `control.sock` in it; under the temporary folder where that path
 * would be too long; a named pipe on Windows.
 */
export function controlPath(data: string): string {
  const folder = resolve(data)
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 20)
  if (process.platform === 'win32') return `\\\\.\\pipe\\tributary-${hash}`
  const path = join(folder, 'control.sock')
  return Buffer.byteLength(path) <= LONGEST_PATH ? path : join(tmpdir(), `tributary-${hash}.sock`)
}

export function toWire(error: unknown): WireError {
  if (error instanceof TributaryError) return { code: error.code, detail: error.detail }
  // The message of a foreign error may quote data, so only its kind travels; the log has the rest.
  const name = error instanceof Error ? error.name : typeof error
  return { code: 'RUNTIME_INTERNAL', detail: { reason: name } }
}

export function fromWire({ code, detail }: WireError): TributaryError {
  const entry = Object.hasOwn(ERRORS, code) ? ERRORS[code] : undefined
  return entry ? new TributaryError(code, entry, detail) : runtimeError('RUNTIME_INTERNAL', { reason: code })
}
