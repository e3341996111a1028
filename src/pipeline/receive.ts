/**
 * receive: a verified record is appended, untouched, under a unique key and committed; only then is the
 * sender told that it arrived. Concurrent webhooks share one commit.
 */
import { crashPoint } from '../core/crash-point.ts'
import type { RawRecord, WebhookDelivery } from '../core/ports.ts'
import { sabotaged } from '../core/sabotage.ts'
import { again } from '../ledger/database.ts'
import { GroupCommit } from '../ledger/group-commit.ts'
import { appendRecords, deliveryKey, type InboxRow, type Origin, recordKey } from '../ledger/inbox.ts'
import { FETCH, NORMALIZE, type Pipe } from './pipe.ts'

export interface Receiver {
  /**
   * Takes one verified webhook delivery. Resolves when it is durable. Throws LEDGER_BUSY (answer 503, the
   * sender repeats) when the database cannot keep up, or the database's error when it is away.
   */
  webhook(connection: string, topic: string, delivery: WebhookDelivery, body: Buffer): Promise<void>
  /** How many deliveries wait for their commit. */
  readonly waiting: number
}

/** Most rows of one commit, and most that may wait: beyond, senders are asked to come back. */
const BATCH = 500
const WAITING = 5_000

export function createReceiver(pipe: Pipe): Receiver {
  const commit = new GroupCommit<InboxRow, boolean>(
    async (rows) => {
      crashPoint('receive.taken')
      const ids = await again(() => appendRecords(pipe.db, rows))
      crashPoint('receive.committed')
      await wakeFor(pipe, rows, ids)
      return ids.map((id) => id !== null)
    },
    { most: BATCH, waiting: WAITING, parallel: 1 },
  )
  return {
    get waiting() {
      return commit.waiting
    },
    async webhook(connection, topic, delivery, body) {
      const { key, hash } = deliveryKey(delivery.deliveryId, topic, body)
      const rows = deliveryRows(connection, delivery, key, hash)
      const committed = () => Promise.all(rows.map((row) => commit.add(row)))
      if (sabotaged('early-answer')) setTimeout(committed, 50)
      else await committed()
    },
  }
}

function deliveryRows(connection: string, delivery: WebhookDelivery, key: string, hash: string): InboxRow[] {
  const base = { connection, stream: delivery.stream, origin: 'webhook' as const, hash }
  const also = (delivery.also ?? []).flatMap(({ stream, fetch }) => fetch.map((id) => ({ stream, id })))
  const many = delivery.records.length + delivery.fetch.length + also.length > 1
  const keyOf = (id: string) => (many ? `${key}:${id}` : key)
  return [
    ...delivery.records.map((r) => ({
      ...base,
      shape: r.shape,
      externalId: r.id,
      contentType: r.contentType,
      body: r.body,
      hint: false,
      key: keyOf(r.id ?? ''),
    })),
    ...delivery.fetch.map((id) => ({ ...base, ...hintOf(id), key: keyOf(id) })),
    ...also.map(({ stream, id }) => ({ ...base, stream, ...hintOf(id), key: keyOf(`${stream}:${id}`) })),
  ]
}

const hintOf = (id: string) => ({
  shape: 'hint',
  externalId: id,
  contentType: 'text/plain',
  body: Buffer.from(id),
  hint: true,
})

/** Rows for records that we read ourselves (poll, fetch, file). */
export function recordRows(
  connection: string,
  stream: string,
  origin: Origin,
  records: RawRecord[],
): InboxRow[] {
  return records.map((r) => ({
    connection,
    stream,
    shape: r.shape,
    externalId: r.id,
    origin,
    contentType: r.contentType,
    body: r.body,
    hint: false,
    ...(r.delivery === undefined
      ? recordKey(stream, r.shape, r.id, r.body)
      : { key: `once:${stream}:${r.delivery}`, hash: '' }),
  }))
}

/**
 * A hint made by ourselves: the source is to be read again for this id. The same reason hints only once.
 * `doubt`: two copies of one version disagree.
 */
export function hintRow(
  connection: string,
  stream: string,
  id: string,
  shape: 'hint' | 'doubt',
  reason: string,
): InboxRow {
  return {
    connection,
    stream,
    shape,
    externalId: id,
    origin: 'fetch',
    contentType: 'text/plain',
    body: Buffer.from(id),
    hint: true,
    key: `${shape}:${stream}:${id}`,
    hash: reason,
  }
}

/** After a commit: wakes those who go on with what was really new. */
export async function wakeFor(pipe: Pipe, rows: InboxRow[], ids: (number | null)[]): Promise<void> {
  const fresh = rows.filter((_, i) => ids[i] !== null)
  const hinted = new Set(fresh.filter((r) => r.hint).map((r) => r.connection))
  if (fresh.some((r) => !r.hint)) void pipe.queue.wake(NORMALIZE, '0')
  for (const connection of hinted) void pipe.queue.wake(FETCH, connection)
}
