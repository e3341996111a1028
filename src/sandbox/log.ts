/**
 * The append-only log of a sandbox: one JSON event per line. It is the sandbox's only storage; at start the
 * events are replayed, so that a sandbox can be killed at any instant and started again with what it held.
 */
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** An open log. `append` returns only after the operating system has the bytes: SIGKILL loses nothing. */
export interface Log<E> {
  /** Writes one event. Call it before the answer that the event stands behind leaves the sandbox. */
  append(event: E): void
  /** Writes several events with one system call. */
  appendAll(events: readonly E[]): void
  /** Closes the file; later appends throw. Safe to call twice. */
  close(): void
}

const CHUNK = 1 << 20
const NEWLINE = 10

/**
 * Opens (or creates) the log at `path` and calls `replay` for every event in it, oldest first, before it
 * returns. A last line torn by a kill is cut off: its event was never answered for. Without a path nothing
 * is kept. Throws when a line in the middle is not JSON, naming its byte position.
 */
export function openLog<E>(path: string | undefined, replay: (event: E) => void): Log<E> {
  if (path === undefined) return { append() {}, appendAll() {}, close() {} }
  mkdirSync(dirname(path), { recursive: true })
  const fd = openSync(path, 'a+', 0o600)
  const kept = replayAll(fd, replay)
  if (kept < fstatSync(fd).size) ftruncateSync(fd, kept)
  let open = true
  const write = (text: string) => {
    if (!open) throw new Error('the sandbox log is closed')
    const bytes = Buffer.from(text, 'utf8')
    let at = 0
    while (at < bytes.length) at += writeSync(fd, bytes, at)
  }
  return {
    append: (event) => write(`${JSON.stringify(event)}\n`),
    appendAll: (events) => {
      if (events.length > 0) write(`${events.map((e) => JSON.stringify(e)).join('\n')}\n`)
    },
    close: () => {
      if (open) closeSync(fd)
      open = false
    },
  }
}

/** Returns the number of bytes that whole lines take. */
function replayAll<E>(fd: number, replay: (event: E) => void): number {
  const chunk = Buffer.allocUnsafe(CHUNK)
  let rest = Buffer.alloc(0)
  let start = 0
  let position = 0
  for (;;) {
    const read = readSync(fd, chunk, 0, CHUNK, position)
    if (read === 0) return start
    position += read
    const data = Buffer.concat([rest, chunk.subarray(0, read)])
    let from = 0
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE, from)) {
      replay(parseLine(data.subarray(from, end), start + from) as E)
      from = end + 1
    }
    start += from
    rest = data.subarray(from)
  }
}

function parseLine(line: Buffer, position: number): unknown {
  try {
    return JSON.parse(line.toString('utf8'))
  } catch (cause) {
    throw new Error(`the sandbox log holds a line that is not JSON at byte ${position}`, { cause })
  }
}
