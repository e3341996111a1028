/**
 * A ledger with history, made by copying what went through it: each copy has ids, keys and numbers of its own
 * and is as final as its original. The product must not run.
 */
import type { Database } from '../../src/ledger/database.ts'

/** Copies of one statement's rows: `$1` is the copy's number, `$2` what its ids are moved by. */
const COPIES = [
  `insert into inbox_key (connection, key, hash, inbox_id)
   select connection, key || '~' || $1, hash, inbox_id + $2 from inbox_key where inbox_id <= $3`,
  `insert into inbox (id, connection, stream, shape, external_id, origin, content_type, block, start, size, state, attempts, received_at, done_at)
   select id + $2, connection, stream, shape, external_id || '~' || $1, origin, content_type, block + $2, start, size, state, attempts, received_at, done_at
     from inbox where id <= $3`,
  `insert into inbox_block (id, first, last, body, received_at)
   select id + $2, first + $2, last + $2, body, received_at from inbox_block where id <= $3`,
  `insert into document (id, connection, kind, external_id, entity, number, version, hash, seq, phone_tail, plan_state)
   overriding system value
   select id + $2, connection, kind, external_id || '~' || $1, entity, number || '~' || $1, version, hash, seq, phone_tail, plan_state
     from document where id <= $3`,
  `insert into document_version (document_id, seq, version, hash, content, mapping, inbox_id)
   select document_id + $2, seq, version, hash, content, mapping, inbox_id + $2 from document_version where document_id <= $3`,
  `insert into work_order (id, flow, entity, document_id, state, content_hash) overriding system value
   select id + $2, flow, entity, document_id + $2, state, content_hash from work_order where id <= $3`,
  `insert into work_line (work_order_id, document_id, line, quantity, currency, goods, discount, tax)
   select work_order_id + $2, document_id + $2, line, quantity, currency, goods, discount, tax from work_line where work_order_id <= $3`,
  `insert into push (id, key, connection, kind, flow, mode, subject, revision, state, attempt, fence, document_id, document_seq,
          order_connection, order_id, order_number, content, content_hash, body, content_type, mapping, "check", remote_id, remote_number)
   overriding system value
   select id + $2, key || '~' || $1, connection, kind, flow, mode, subject || '~' || $1, revision, state, attempt, fence, document_id + $2, document_seq,
          order_connection, order_id || '~' || $1, order_number || '~' || $1, content, content_hash, body, content_type, mapping, "check",
          remote_id || '~' || $1, remote_number from push where id <= $3`,
  `insert into push_work_order (push_id, work_order_id)
   select push_id + $2, work_order_id + $2 from push_work_order where push_id <= $3`,
  `insert into binding (connection, kind, key, subject, push_id, remote_id, remote_number)
   select connection, kind, key || '~' || $1, subject, push_id + $2, remote_id || '~' || $1, remote_number from binding where push_id <= $3`,
  `insert into journal (connection, subject, event, data)
   select connection, subject || '~' || $1, event, data from journal where id <= $3`,
]

const SEQUENCES = ['document', 'work_order', 'push']

/** Brings the ledger to `orders` orders by copying the ones that are there. */
export async function fill(db: Database, orders: number): Promise<void> {
  const { rows } = await db.query<{ orders: number; top: number }>(
    `select (select count(*) from document where kind = 'order') as orders,
            greatest((select max(id) from inbox), (select max(id) from push), (select max(id) from document), (select max(id) from journal)) as top`,
  )
  const { orders: have, top } = rows[0]!
  const copies = Math.ceil(orders / have) - 1
  for (let n = 1; n <= copies; n++) {
    const by = n * (top + 1)
    for (const sql of COPIES) {
      const text = sql
        .replaceAll('$1', `'${top}-${n}'`)
        .replaceAll('$2', String(by))
        .replaceAll('$3', String(top))
      await db.query(text)
    }
  }
  for (const table of SEQUENCES) {
    await db.query(`select setval(pg_get_serial_sequence('${table}', 'id'), (select max(id) from ${table}))`)
  }
  await db.query(
    `select setval('inbox_id', (select max(id) from inbox)), setval('inbox_block_id', (select max(id) from inbox_block))`,
  )
  await db.query('analyze')
}
