/**
 * The wire between `pg` and the embedded database's thread: what would be a socket carries PostgreSQL's own
 * protocol as messages. So both kinds of ledger share one driver.
 */
import { Duplex } from 'node:stream'
import type { Worker } from 'node:worker_threads'

/** AuthenticationOk and ReadyForQuery (idle): nobody logs in to a database of one's own process. */
const WELCOME = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49])

const TERMINATE = 0x58

/** A stream in the shape of the socket that `pg` expects. */
export class WorkerStream extends Duplex {
  #worker: Worker
  #started = false

  constructor(worker: Worker) {
    super()
    this.#worker = worker
    worker.on('message', (answer: unknown) => {
      if (answer instanceof Uint8Array)
        this.push(Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength))
    })
  }

  connect(): void {
    setImmediate(() => this.emit('connect'))
  }
  setNoDelay(): void {}
  setKeepAlive(): void {}
  ref(): void {}
  unref(): void {}

  override _read(): void {}

  /** `pg` corks the messages of one statement, so they arrive together. */
  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.#send(Buffer.concat(chunks.map((c) => c.chunk)))
    done()
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    // the driver reuses its buffer, and a transferred one is gone
    this.#send(Buffer.from(chunk))
    done()
  }

  #send(bytes: Buffer): void {
    if (!this.#started) {
      this.#started = true
      this.push(WELCOME)
      return
    }
    if (bytes[0] === TERMINATE) return
    const message = new Uint8Array(bytes)
    this.#worker.postMessage(message, [message.buffer])
  }
}
