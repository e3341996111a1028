/** One order as a story for people: what it is, what happened to it in order, what is to be done. */
import { fromMinor } from '../core/money.ts'
import type { JournalEntry, Json, OrderDetail } from '../runtime/operations.ts'
import { isText, type Language, type Say } from './language.ts'
import { clean, instant, table } from './table.ts'

/** The whole text of `tributary orders show`. */
export function story(order: OrderDetail, say: Say, language: Language): string {
  const money = (minor: number) => `${fromMinor(minor, order.currency)} ${order.currency}`
  const parts = [
    say('story.head', {
      number: clean(order.number),
      key: order.key,
      placed: instant(order.placedAt),
      total: money(order.total),
      payment: order.payment,
      progress: say(`progress.${order.progress}`),
    }),
    table(
      [say('column.line'), 'SKU', say('column.quantity'), say('column.amount'), say('column.name')],
      order.lines.map((l) => [l.externalId, l.sku, l.quantity, money(l.amount), l.name]),
    ),
    told(order.journal, say),
  ]
  for (const b of order.bindings) {
    const bill = clean(b.remoteNumber ?? b.remoteId ?? '—')
    parts.push(say('story.bound', { connection: b.connection, kind: b.kind, bill }))
  }
  for (const task of order.tasks.filter((t) => t.state === 'open')) {
    parts.push(say('story.task', { kind: task.kind, at: instant(task.at) }))
  }
  for (const p of order.parked) {
    const text = say('story.parked', { id: p.id, message: p.message[language], fix: p.fix[language] })
    parts.push(p.record === null ? text : `${text}\n  ${say('parked.record', { record: p.record })}`)
  }
  parts.push(say('story.records', { key: order.key }))
  return parts.filter((part) => part !== '').join('\n\n')
}

/** Journal entries, one line each, the day only where it changes. */
export function told(journal: JournalEntry[], say: Say): string {
  let day = ''
  const lines: string[] = []
  for (const entry of journal) {
    const [date, time] = instant(entry.at).split(' ') as [string, string]
    if (date !== day) lines.push(date)
    day = date
    lines.push(`  ${time}  ${sentence(entry, say)}`)
  }
  return lines.join('\n')
}

function sentence({ event, connection, push, detail }: JournalEntry, say: Say): string {
  const key = `journal.${event}`
  const where = [connection, push === null ? null : say('story.push', { push })].filter(Boolean).join(', ')
  const text = isText(key) ? say(key) : event
  const values = Object.entries(detail)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${shown(value)}`)
    .join(', ')
  return clean(`${text}${where ? ` · ${where}` : ''}${values ? ` · ${values}` : ''}`)
}

const shown = (value: Json): string => (typeof value === 'object' ? JSON.stringify(value) : String(value))
