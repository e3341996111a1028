/**
 * The thread that PostgreSQL runs in when nothing is installed. A statement blocks the thread it runs on,
 * so it does not run on the one that answers webhooks. Messages: {id, sql, params} → {id, fields, rows, count}
 * or {id, error}; notifications come as {channel, payload}.
 */
import fs from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { JSON_OIDS, PARSERS } from './types.ts'

interface EmscriptenStream {
  nfd?: number
  node: unknown
}
interface EmscriptenModule {
  NODEFS: { stream_ops: Record<string, unknown>; realPath(node: unknown): string }
}

/** Counts of fsync calls, for the test that every commit reaches the disk. */
const synced = { count: 0 }

/** NodeFS as shipped ignores fsync: give its file streams the real one, directories too. */
class SyncedFS extends NodeFS {
  override async init(pg: never, options: never): Promise<{ emscriptenOpts: never }> {
    const made = (await super.init(pg, options)) as {
      emscriptenOpts: { preRun: ((m: EmscriptenModule) => void)[] }
    }
    made.emscriptenOpts.preRun.push((module) => {
      module.NODEFS.stream_ops.fsync = (stream: EmscriptenStream) => {
        synced.count++
        if (stream.nfd !== undefined) fs.fsyncSync(stream.nfd)
        else {
          const folder = fs.openSync(module.NODEFS.realPath(stream.node), 'r')
          fs.fsyncSync(folder)
          fs.closeSync(folder)
        }
        return 0
      }
    })
    return made as never
  }
}

/** Without -F (which turns fsync off); the other parameters are those that a single process needs. */
const SETTINGS = {
  search_path: 'tributary,bullmq,public',
  timezone: 'UTC',
  fsync: 'on',
  wal_sync_method: 'fsync',
  shared_buffers: '16MB',
  wal_buffers: '1MB',
  max_wal_size: '64MB',
  exit_on_error: 'false',
  log_checkpoints: 'false',
  max_worker_processes: '0',
  max_parallel_workers: '0',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  io_method: 'sync',
}

const text = (value: unknown) => value

/** Bytes as PostgreSQL writes them in text; the shipped converters go byte by byte. */
const toHex = (value: Uint8Array | string) =>
  typeof value === 'string'
    ? value
    : `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
const fromHex = (value: string) => Buffer.from(value.slice(2), 'hex')

async function open(folder: string): Promise<PGlite> {
  const json = Object.fromEntries([...JSON_OIDS].map((oid) => [oid, (value: string) => value]))
  const pg = await PGlite.create({
    fs: new SyncedFS(folder) as never,
    startParams: [
      '--single',
      '-O',
      '-j',
      ...Object.entries(SETTINGS).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
    ],
    parsers: { ...PARSERS, ...json, 17: fromHex } as never,
    serializers: { 16: text, 17: toHex, 1082: text, 1114: text, 1184: text, 114: text, 3802: text } as never,
  })
  return pg
}

interface Request {
  id: number
  sql: string
  params: (string | Uint8Array | null)[] | null
}

function plain(error: unknown) {
  const e = error as Record<string, unknown>
  const { code, severity, constraint, table, column, position } = e
  return { message: String(e.message), code, severity, constraint, table, column, position }
}

async function answer(pg: PGlite, { id, sql, params }: Request) {
  try {
    if (sql === '-- fsyncs') return { id, fields: [], rows: [], count: synced.count }
    const result = params
      ? await pg.query(sql, params, { rowMode: 'array' })
      : (await pg.exec(sql, { rowMode: 'array' })).at(-1)
    const fields = result?.fields.map((f) => [f.name, JSON_OIDS.has(f.dataTypeID) ? 1 : 0]) ?? []
    const rows = (result?.rows ?? []) as unknown[][]
    return { id, fields, rows, count: result?.affectedRows || rows.length }
  } catch (error) {
    return { id, error: plain(error) }
  }
}

const port = parentPort!
try {
  const pg = await open(workerData.folder)
  pg.onNotification((channel, payload) => port.postMessage({ channel, payload }))
  port.on('message', (request: Request) => {
    if (request.sql === '-- close') {
      void pg.close().then(
        () => port.postMessage({ id: request.id, fields: [], rows: [], count: 0 }),
        (error) => port.postMessage({ id: request.id, error: plain(error) }),
      )
      return
    }
    void answer(pg, request).then((message) => port.postMessage(message))
  })
  port.postMessage({ ready: true })
} catch (error) {
  port.postMessage({ ready: false, error: plain(error) })
}
