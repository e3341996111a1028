/**
 * The client that the pool look-alike hands out. It owns no connection until BEGIN: plain statements go to
 * the pool, LISTEN goes to the process's one listening connection, and a client given back inside a failed
 * transaction is rolled back first. So fifty BullMQ workers need no fifty connections.
 */
import { EventEmitter } from 'node:events'
import type { ClientShape, Result } from './database.ts'

type Rows = Result<Record<string, unknown>>

/** What a virtual client stands on. */
export interface Session {
  run(text: string, params: unknown[] | undefined): Promise<Rows>
  /** A session of its own, for BEGIN … COMMIT. */
  pin(): Promise<{ run: Session['run']; unpin(broken: boolean): Promise<void> }>
  listen(channel: string, receive: (payload: string) => void): Promise<() => Promise<void>>
}

const BEGIN = /^\s*(begin|start\s+transaction)\b/i
const END = /^\s*(commit|rollback|end)\b/i
const LISTEN = /^(?:\s|--[^\n]*\n)*listen\s+"?(\w+)"?/i
const UNLISTEN = /^(?:\s|--[^\n]*\n)*unlisten\b/i

export class VirtualClient extends EventEmitter implements ClientShape {
  #session: Session
  #pinned: Awaited<ReturnType<Session['pin']>> | null = null
  #channels = new Map<string, () => Promise<void>>()

  constructor(session: Session) {
    super()
    this.setMaxListeners(0)
    this.#session = session
  }

  async query(text: string | { text: string; values?: unknown[] }, params?: unknown[]): Promise<Rows> {
    const sql = typeof text === 'string' ? text : text.text
    const values = typeof text === 'string' ? params : (text.values ?? params)
    const listen = LISTEN.exec(sql)
    if (listen) return this.#listen(listen[1]!)
    if (UNLISTEN.test(sql)) return this.#unlisten()
    // the session's name is no use to anybody on a shared connection, and would leak to other borrowers
    if (/set_config\('application_name'/i.test(sql)) return { rows: [], rowCount: 0 }
    if (BEGIN.test(sql) && !this.#pinned) this.#pinned = await this.#session.pin()
    const result = await (this.#pinned ?? this.#session).run(sql, values)
    if (END.test(sql)) await this.#unpin(false)
    return result
  }

  async #unpin(broken: boolean): Promise<void> {
    const pinned = this.#pinned
    this.#pinned = null
    await pinned?.unpin(broken)
  }

  async #listen(channel: string): Promise<Rows> {
    if (!this.#channels.has(channel)) {
      const stop = await this.#session.listen(channel, (payload) =>
        this.emit('notification', { channel, payload }),
      )
      this.#channels.set(channel, stop)
    }
    return { rows: [], rowCount: 0 }
  }

  async #unlisten(): Promise<Rows> {
    const stops = [...this.#channels.values()]
    this.#channels.clear()
    await Promise.all(stops.map((stop) => stop()))
    return { rows: [], rowCount: 0 }
  }

  release(): void {
    void this.#unlisten()
    const pinned = this.#pinned
    this.#pinned = null
    // given back inside a transaction: roll back, or everyone's next statement fails
    if (pinned)
      void pinned.run('rollback', undefined).then(
        () => pinned.unpin(false),
        () => pinned.unpin(true),
      )
  }
}
