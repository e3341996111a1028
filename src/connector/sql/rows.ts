/**
 * A stream read from a query, window by window and page by page. A page goes on after the last row by version and id,
 * so rows that change while the window is read (they leave it with a new version) move no other out of sight. A row and
 * its inner rows are read in one state of the database where it can show one.
 */
import { sourceError } from '../../core/errors/source.ts'
import type { Page, RawRecord } from '../../core/ports.ts'
import type { Clock } from '../manifest-http.ts'
import type { RowsManifest } from '../manifest-source.ts'
import type { Source } from '../source.ts'
import { columnAt, rowObject } from './cells.ts'
import type { Column, Database, Kind, Raw, Rows, Session } from './database.ts'
import { edgesOf } from './edges.ts'
import {
  amongStatement,
  countStatement,
  describeStatement,
  type PageAsk,
  pageStatement,
  type WindowAsk,
} from './statement.ts'

export interface RowsOptions {
  connection: string
  stream: string
  declared: RowsManifest
  shape: string
  database: Database
  /** Of times without a zone. */
  zone: string
  /** Declared for the version column, its zone filled in. */
  clock: Clock | null
}

/** Names and kinds as the database has them. */
interface Shape {
  id: string
  idKind: Kind
  version: string | null
  kind: Kind
}

const SIZE = 500
const MOST = 50_000
/** Ids of one `in (…)`; Oracle takes 1,000. */
const AMONG = 500

/** Reads one declared stream. Statements are made when it is read; nothing is asked before. */
export function rowsSource(options: RowsOptions): Source {
  const { declared, database } = options
  const size = declared.size ?? SIZE
  let shape: Shape | null = null
  const shaped = async (session: Session): Promise<Shape> => {
    shape ??= await describe(options, session)
    return shape
  }
  const windowAsk = (at: Shape, window: { since: Date; until: Date }): WindowAsk => ({
    ...{ query: declared.query, version: at.version, kind: at.kind },
    ...(at.version === null ? { since: null, until: null } : edgesOf(options, at.kind, window)),
  })
  return {
    page: (request, signal) =>
      database.read(async (session) => {
        const at = await shaped(session)
        const after = request.resume as PageAsk['after']
        // the row that the page before ended with comes again
        const rows = size + (after ? 1 : 0)
        const ask = { ...windowAsk(at, request), id: at.id, idKind: at.idKind, after, rows }
        const found = await session.query(...statementOf(pageStatement(database.dialect, ask)))
        return pageOf(options, session, at, ask, found)
      }, signal),
    fetch: (ids, signal) =>
      database.read(async (session) => byId(options, session, await shaped(session), ids), signal),
    count: (window, signal) =>
      // without a version every window holds everything
      !declared.version
        ? Promise.resolve(null)
        : database.read(async (session) => {
            const ask = windowAsk(await shaped(session), window)
            const { rows } = await session.query(...statementOf(countStatement(database.dialect, ask)))
            return { count: Number(rows[0]?.[0]), exact: true }
          }, signal),
  }
}

async function byId(options: RowsOptions, session: Session, at: Shape, ids: string[]): Promise<RawRecord[]> {
  // what is no number is no id here, and would fail as one
  const fit = at.idKind === 'integer' ? ids.filter((id) => /^-?\d+$/.test(id)) : ids
  const ask = { query: options.declared.query, column: at.id, kind: at.idKind, sort: [at.id] }
  const found = await among(options, session, ask, fit)
  return found ? recordsOf(options, session, at, found) : []
}

const wrong = ({ connection, stream }: RowsOptions, en: string, zh: string) =>
  sourceError('SOURCE_STREAM', { connection, stream, reason: { en, zh } })

/** Throws SOURCE_STREAM for a column that is not there. */
function named(options: RowsOptions, columns: Column[], name: string, what: string): Column {
  const column = columns[columnAt(columns, name)]
  if (column) return column
  const known = columns.map((c) => c.name).join(', ')
  throw wrong(
    options,
    `${what}: the query gives no column "${name}"; it gives ${known}`,
    `${what}：查询没有列“${name}”，只有 ${known}`,
  )
}

async function describe(options: RowsOptions, session: Session): Promise<Shape> {
  const { declared, database } = options
  const { columns } = await session.query(...statementOf(describeStatement(database.dialect, declared.query)))
  const { name: id, kind: idKind } = named(options, columns, declared.id, 'id')
  if (!declared.version) return { id, idKind, version: null, kind: 'text' }
  const { name, kind } = named(options, columns, declared.version, 'version')
  if (kind !== 'instant' && kind !== 'local' && kind !== 'date' && kind !== 'text' && !options.clock)
    throw wrong(
      options,
      `version: the column "${name}" is a number; say with "clock" how it counts time (seconds, milliseconds), or leave "version" out`,
      `version：列“${name}”是数字；请用 clock 说明其计时方式（seconds、milliseconds），或省略 version`,
    )
  return { id, idKind, version: name, kind }
}

async function pageOf(
  options: RowsOptions,
  session: Session,
  at: Shape,
  ask: PageAsk,
  found: Rows,
): Promise<Page> {
  const id = columnAt(found.columns, at.id)
  const version = at.version === null ? -1 : columnAt(found.columns, at.version)
  unique(options, found, id)
  const last = found.rows.at(-1)
  const place = (row: Raw[]) => ({
    version: version < 0 ? null : String(row[version]),
    id: String(row[id]),
  })
  const known = (row: Raw[]) =>
    ask.after !== null && row[id] === ask.after.id && (version < 0 || row[version] === ask.after.version)
  const fresh = { ...found, rows: found.rows.filter((row) => !known(row)) }
  const records = await recordsOf(options, session, at, fresh)
  const next = last && found.rows.length >= ask.rows ? place(last) : null
  return { records, next }
}

/** A query with a row per line would keep one line of each order: it is refused instead. */
function unique(options: RowsOptions, { rows }: Rows, id: number): void {
  const seen = new Set<string>()
  for (const row of rows) {
    const value = row[id]
    if (value === null || value === undefined)
      throw wrong(options, 'the id of a row is null', '有一行的编号为空')
    const text = String(value)
    if (seen.has(text))
      throw wrong(
        options,
        'the query gives several rows of one id: one row per record, and its lines by "with"',
        '同一编号出现多行：每条记录应只有一行，明细请写在 with 中',
      )
    seen.add(text)
  }
}

async function recordsOf(
  options: RowsOptions,
  session: Session,
  at: Shape,
  found: Rows,
): Promise<RawRecord[]> {
  const { zone, declared, shape } = options
  const id = columnAt(found.columns, at.id)
  const ids = found.rows.map((row) => String(row[id]))
  const values = found.rows.map((row) => rowObject(found.columns, row, zone))
  for (const [name, inner] of Object.entries(declared.with ?? {})) {
    const groups = ids.length > 0 ? await innerRows(options, session, name, inner, ids) : new Map()
    for (const [i, value] of values.entries()) value[name] = groups.get(ids[i]!.trimEnd()) ?? []
  }
  return values.map((value, i) => ({
    id: ids[i]!,
    shape,
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify(value)),
  }))
}

/** Inner rows by the id that they belong to. Char columns are padded with blanks, each to its own length. */
async function innerRows(
  options: RowsOptions,
  session: Session,
  name: string,
  { query, by, sort }: NonNullable<RowsManifest['with']>[string],
  ids: string[],
): Promise<Map<string, Record<string, unknown>[]>> {
  const { columns } = await session.query(...statementOf(describeStatement(options.database.dialect, query)))
  const { name: column, kind } = named(options, columns, by, `with.${name}.by`)
  const order = sort === undefined ? [] : [named(options, columns, sort, `with.${name}.sort`).name]
  const groups = new Map<string, Record<string, unknown>[]>()
  const found = await among(options, session, { query, column, kind, sort: [column, ...order] }, ids)
  const at = columnAt(found?.columns ?? [], column)
  for (const row of found?.rows ?? []) {
    const key = String(row[at]).trimEnd()
    groups.set(key, [...(groups.get(key) ?? []), rowObject(found!.columns, row, options.zone)])
  }
  // without an order of theirs the same rows must still give the same bytes
  if (sort === undefined) for (const rows of groups.values()) rows.sort(byText)
  return groups
}

const statementOf = ({ sql, values }: { sql: string; values: string[] }) => [sql, values] as const

function byText(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

/** Throws SOURCE_STREAM for more rows than a page may have. */
async function among(
  options: RowsOptions,
  session: Session,
  ask: { query: string; column: string; kind: Kind; sort: string[] },
  ids: string[],
): Promise<Rows | null> {
  const most = options.declared.most ?? MOST
  let columns: Column[] | null = null
  const rows: Raw[][] = []
  for (let i = 0; i < ids.length; i += AMONG) {
    const part = { ...ask, among: ids.slice(i, i + AMONG), rows: most + 1 }
    const found = await session.query(...statementOf(amongStatement(options.database.dialect, part)))
    columns ??= found.columns
    for (const row of found.rows) rows.push(row)
    if (rows.length > most)
      throw wrong(
        options,
        `more than ${most} inner rows in one page: make "size" smaller or "most" larger`,
        `一页中的明细超过 ${most} 行：请调小 size 或调大 most`,
      )
  }
  return columns && { columns, rows }
}
