/**
 * A stream read from files. A file is told from others by name, size and hash, and each of its records carries that, so
 * that what was taken once is never taken twice, whatever became of the file or of us. A file is moved only when the
 * reader comes back for what follows it and says that its records are committed.
 */
import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Page, RawRecord } from '../../core/ports.ts'
import { parseDuration } from '../../core/time.ts'
import type { TableManifest } from '../manifest-source.ts'
import { BAD_ROW } from '../record.ts'
import type { Source } from '../source.ts'
import type { Entry, Store } from './store.ts'
import { type BadRow, readTable, type TableContent, type TableRecord } from './table.ts'

export interface FilesOptions {
  connection: string
  stream: string
  declared: TableManifest
  shape: string
  store: Store
}

/** Where reading stands; plain JSON, committed with the records before it. */
interface Place {
  /** Files are read by time and name: this one, or those behind it. */
  name: string
  modified: number
  /** Name, size and hash. */
  identity: string
  /** Its records before this one are kept. */
  at: number
  /** All of it is kept, and it goes to this folder; null: it stays. */
  whole: { folder: string | null } | null
}

/** What this process knows; all of it may be lost. */
interface Memory {
  /** Files that are kept, or seen once: name → how they looked, and when they were seen so first. */
  kept: Map<string, string>
  seen: Map<string, { look: string; since: number }>
  /** The file that is being read, so that its pages do not parse it anew. */
  open: { identity: string; content: TableContent } | null
}

/** Records of one page. */
const SIZE = 500
/** Files that nobody wants: half-written by their names, or made by office programs while a file is open. */
const UNFINISHED = /^[.~]|\.(tmp|temp|part|partial|filepart|crdownload|writing|swp)$/i

export function filePages(options: FilesOptions): Source {
  const memory: Memory = { kept: new Map(), seen: new Map(), open: null }
  const resting = parseDuration(options.declared.resting ?? '10s')
  return {
    async page({ resume, kept }, signal) {
      let place = resume as Place | null
      // whoever only looks at what there is must not make a file go
      if (place?.whole && kept) await finish(options, memory, place, signal)
      if (place && !place.whole) {
        const page = await goOn(options, memory, place, signal)
        if (page) return page
        place = { ...place, whole: { folder: null } }
      }
      for (;;) {
        const entry = await nextFile(options, memory, place, resting, signal)
        if (!entry) return { records: [], next: null }
        const page = await begin(options, memory, entry, signal)
        if (page) return page
        place = { name: entry.name, modified: entry.modified, identity: '', at: 0, whole: { folder: null } }
      }
    },
  }
}

/** Its records are committed: it may go. */
async function finish(
  { store, declared }: FilesOptions,
  memory: Memory,
  { name, identity, whole }: Place,
  signal: AbortSignal,
): Promise<void> {
  memory.open = null
  const all = await store.list(signal)
  const entry = all.find((e) => e.name === name)
  // taken away, or another one came under its name
  if (!entry || identityOf(entry, await store.read(entry, signal)) !== identity) return
  if (!whole?.folder) {
    memory.kept.set(name, lookOf(entry))
    return
  }
  await store.move(name, whole.folder, signal)
  const marker = declared.marker && `${name}${declared.marker}`
  // one that stayed would say of the next file of this name that it is whole
  if (marker && all.some((e) => e.name === marker)) await store.move(marker, whole.folder, signal)
}

/** The next page of a file that was begun; null where it is not there any more. */
async function goOn(
  options: FilesOptions,
  memory: Memory,
  place: Place,
  signal: AbortSignal,
): Promise<Page | null> {
  const { store, declared } = options
  if (memory.open?.identity !== place.identity) {
    const entry = (await store.list(signal)).find((e) => e.name === place.name)
    const bytes = entry && (await store.read(entry, signal))
    if (!entry || !bytes || identityOf(entry, bytes) !== place.identity) return null
    memory.open = { identity: place.identity, content: await readTable(bytes, place.name, declared) }
  }
  return pageOf(options, memory.open.content, place)
}

/** The first page of a file; null where it changed while it was read. */
async function begin(
  options: FilesOptions,
  memory: Memory,
  entry: Entry,
  signal: AbortSignal,
): Promise<Page | null> {
  const bytes = await options.store.read(entry, signal)
  if (bytes.length !== entry.size) return null
  const identity = identityOf(entry, bytes)
  const content = await readTable(bytes, entry.name, options.declared)
  memory.open = { identity, content }
  const { name, modified } = entry
  return pageOf(options, content, { name, modified, identity, at: 0, whole: null })
}

function pageOf({ declared, shape }: FilesOptions, content: TableContent, place: Place): Page {
  const part = content.records.slice(place.at, place.at + SIZE)
  const records = part.map((record, i) => rawRecord(record, place, shape, place.at + i))
  const at = place.at + part.length
  if (at < content.records.length) return { records, next: { ...place, at } }
  const folder = (content.unreadable ? declared.error : declared.done) ?? null
  return { records, next: { ...place, at, whole: { folder } } }
}

function rawRecord(
  record: TableRecord | BadRow,
  { name, modified, identity }: Place,
  shape: string,
  n: number,
): RawRecord {
  const file = { name, line: record.line, modified: new Date(modified).toISOString() }
  const delivery = `${identity}:${n}`
  if ('reason' in record) {
    const body = Buffer.from(JSON.stringify({ file, reason: record.reason }))
    return { id: record.id ?? `${name}:${record.line}`, shape, delivery, contentType: BAD_ROW, body }
  }
  const body = Buffer.from(JSON.stringify({ file, row: record.rows[0], rows: record.rows }))
  return { id: record.id, shape, delivery, contentType: 'application/json', body }
}

/** The first whole file behind a place, by time and name, that is not known to be kept. */
async function nextFile(
  options: FilesOptions,
  memory: Memory,
  place: Place | null,
  resting: number,
  signal: AbortSignal,
): Promise<Entry | null> {
  for (let waited = false; ; waited = true) {
    const all = await options.store.list(signal)
    forget(memory, all)
    const wanted = candidates(options.declared, all, memory, place)
    const waits = wanted.map((entry) => restsFor(options.declared, memory, entry, resting))
    const ready = wanted[waits.indexOf(0)]
    // one that is still written to is left for the next poll
    if (ready || wanted.length === 0 || waited) return ready ?? null
    await wait(Math.min(...waits), undefined, { signal })
  }
}

function candidates(declared: TableManifest, all: Entry[], memory: Memory, place: Place | null): Entry[] {
  const pattern = patternOf(declared.match)
  const names = new Set(all.map((e) => e.name))
  const marked = ({ name }: Entry) => !declared.marker || names.has(`${name}${declared.marker}`)
  const behind = (e: Entry) =>
    place === null || e.modified > place.modified || (e.modified === place.modified && e.name > place.name)
  return all
    .filter((e) => pattern.test(e.name) && !UNFINISHED.test(e.name) && marked(e) && behind(e))
    .filter((e) => !(declared.marker && e.name.endsWith(declared.marker)))
    .filter((e) => memory.kept.get(e.name) !== lookOf(e))
    .sort((a, b) => a.modified - b.modified || (a.name < b.name ? -1 : 1))
}

/**
 * How long a file must be left alone before it is taken for whole. Its own time proves nothing: copies may keep that of
 * the original while they are written. So it is looked at twice.
 */
function restsFor({ marker }: TableManifest, memory: Memory, entry: Entry, resting: number): number {
  if (marker || resting === 0) return 0
  const look = lookOf(entry)
  const before = memory.seen.get(entry.name)
  if (before?.look !== look) {
    memory.seen.set(entry.name, { look, since: Date.now() })
    return resting
  }
  return Math.max(0, before.since + resting - Date.now())
}

const lookOf = ({ size, modified }: Entry): string => `${size} ${modified}`

/** What is not there any more needs no memory. */
function forget(memory: Memory, all: Entry[]): void {
  const names = new Set(all.map((e) => e.name))
  for (const known of [memory.kept, memory.seen])
    for (const name of known.keys()) if (!names.has(name)) known.delete(name)
}

const identityOf = ({ name, size }: Entry, bytes: Buffer): string =>
  `${name}:${size}:${createHash('sha256').update(bytes).digest('base64url')}`

/** `orders-*.csv`: * is any text, ? any character; letters of either case. */
function patternOf(match: string): RegExp {
  const text = match
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${text}$`, 'iu')
}
