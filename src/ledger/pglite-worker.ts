/**
 * The thread that PostgreSQL runs in when nothing is installed. A statement blocks the thread it runs on,
 * so it does not run on the one that answers webhooks. Bytes of PostgreSQL's protocol come in and go out; the
 * two other messages are `fsyncs` → {fsyncs} and `close` → {closed}.
 */
import fs from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'

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
  // counting a table must not stop the others for long: its default looks at ten times as many rows
  default_statistics_target: '10',
  // a page that is not in our buffers is in the machine's
  random_page_cost: '1.1',
  log_checkpoints: 'false',
  max_worker_processes: '0',
  max_parallel_workers: '0',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  io_method: 'sync',
}

function open(folder: string): Promise<PGlite> {
  return PGlite.create({
    fs: new SyncedFS(folder) as never,
    startParams: [
      '--single',
      '-O',
      '-j',
      ...Object.entries(SETTINGS).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
    ],
  })
}

const port = parentPort!

/**
 * Runs one message of the protocol and posts its whole answer. Of PGlite's ways to do it this is the one that hands
 * the bytes through: the others also read every row into objects, and the plain one keeps those for ever.
 */
async function answer(pg: PGlite, message: Uint8Array): Promise<void> {
  const parts: Uint8Array[] = []
  await pg.execProtocolRawStream(message, {
    syncToFs: false,
    // the part lies in the database's memory, which the next one writes over
    onRawData: (part) => parts.push(part.slice()),
  })
  const bytes = parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts))
  port.postMessage(bytes, [bytes.buffer as ArrayBuffer])
}

const said = (error: unknown) => (error instanceof Error ? error.message : String(error))
try {
  const pg = await open(workerData.folder)
  port.on('message', (asked: Uint8Array | 'fsyncs' | 'close') => {
    if (asked === 'fsyncs') port.postMessage({ fsyncs: synced.count })
    else if (asked === 'close') {
      void pg.close().then(
        () => port.postMessage({ closed: true }),
        (error) => port.postMessage({ closed: false, error: said(error) }),
      )
    } else void answer(pg, asked)
  })
  port.postMessage({ ready: true })
} catch (error) {
  port.postMessage({ ready: false, error: said(error) })
}
