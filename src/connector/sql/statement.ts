/** The statements around an integrator's query. The query stands as it is, in a subquery; values are parameters. */
import type { DialectName } from '../manifest-source.ts'
import type { Kind } from './database.ts'

interface Grammar {
  quote(name: string): string
  parameter(n: number): string
  /** `body`: everything after `select`. */
  limited(body: string, rows: number): string
}

const fetchFirst = (body: string, rows: number) => `select ${body} fetch first ${rows} rows only`
const limit = (body: string, rows: number) => `select ${body} limit ${rows}`
const double = (name: string) => `"${name.replaceAll('"', '""')}"`
const back: Grammar = {
  quote: (name) => `\`${name.replaceAll('`', '``')}\``,
  parameter: () => '?',
  limited: limit,
}

const GRAMMARS: Record<DialectName, Grammar> = {
  postgres: { quote: double, parameter: (n) => `$${n}`, limited: limit },
  mariadb: back,
  mysql: back,
  sqlserver: {
    quote: (name) => `[${name.replaceAll(']', ']]')}]`,
    parameter: (n) => `@p${n}`,
    limited: (body, rows) => `select top (${rows}) ${body}`,
  },
  oracle: { quote: double, parameter: (n) => `:${n}`, limited: fetchFirst },
}

export interface Statement {
  sql: string
  values: string[]
}

/** A window; columns by the names that the database gave them. */
export interface WindowAsk {
  query: string
  version: string | null
  kind: Kind
  /** Edges as the version column writes them; null without version. */
  since: string | null
  until: string | null
}

export interface PageAsk extends WindowAsk {
  id: string
  idKind: Kind
  /** The last row of the page before, as the database wrote it. */
  after: { version: string | null; id: string } | null
  rows: number
}

/** A query's text as a subquery: a line end saves it from a comment at its end. */
const inner = (query: string, as: DialectName): string =>
  `(${query.trim().replace(/;\s*$/, '')}\n)${as === 'oracle' ? '' : ' as'} t`

/** Collects values while conditions are written. */
function builder(dialect: DialectName) {
  const grammar = GRAMMARS[dialect]
  const values: string[] = []
  const column = (name: string): string => `t.${grammar.quote(name)}`
  const bind = (value: string, kind: Kind): string => {
    if (grammar === back && isNumber(value, kind)) return value
    values.push(value)
    const parameter = grammar.parameter(values.length)
    return dialect === 'oracle' ? oracleTime(parameter, kind) : parameter
  }
  const window = ({ version, kind, since, until }: WindowAsk): string[] => {
    if (version === null) return []
    return [
      ...(since === null ? [] : [`${column(version)} >= ${bind(since, kind)}`]),
      ...(until === null ? [] : [`${column(version)} < ${bind(until, kind)}`]),
    ]
  }
  return { grammar, values, column, bind, window }
}

/** MySQL compares a number with a text as floats, so that it would take ids beyond 2^53 for one another. */
const isNumber = (value: string, kind: Kind): boolean =>
  (kind === 'integer' || kind === 'decimal') && /^-?\d{1,65}(\.\d{1,40})?$/.test(value)

/** Oracle reads a text as a time by the session's format, which differs between its types. */
function oracleTime(parameter: string, kind: Kind): string {
  if (kind === 'instant') return `from_tz(to_timestamp(${parameter}, 'YYYY-MM-DD HH24:MI:SS.FF'), 'UTC')`
  return kind === 'local' ? `to_timestamp(${parameter}, 'YYYY-MM-DD HH24:MI:SS.FF')` : parameter
}

const where = (conditions: string[]) => (conditions.length > 0 ? ` where ${conditions.join(' and ')}` : '')

/** Columns and their kinds, without a row. */
export function describeStatement(dialect: DialectName, query: string): Statement {
  return { sql: `select t.* from ${inner(query, dialect)} where 1 = 0`, values: [] }
}

/**
 * The rows of a window after one row, by version and id. That row itself comes again (the caller knows it): to a
 * database that sorts without case "a" and "A" are equal, and "greater" would pass one of them over.
 */
export function pageStatement(dialect: DialectName, ask: PageAsk): Statement {
  const b = builder(dialect)
  const conditions = b.window(ask)
  const id = b.column(ask.id)
  if (ask.after) {
    const { version, id: last } = ask.after
    if (ask.version !== null && version !== null) {
      const column = b.column(ask.version)
      const [later, same] = [b.bind(version, ask.kind), b.bind(version, ask.kind)]
      conditions.push(
        `(${column} > ${later} or (${column} = ${same} and ${id} >= ${b.bind(last, ask.idKind)}))`,
      )
    } else conditions.push(`${id} >= ${b.bind(last, ask.idKind)}`)
  }
  const order = [...(ask.version === null ? [] : [b.column(ask.version)]), id].join(', ')
  const body = `t.* from ${inner(ask.query, dialect)}${where(conditions)} order by ${order}`
  return { sql: b.grammar.limited(body, ask.rows), values: b.values }
}

/** Rows whose column is one of these values. */
export function amongStatement(
  dialect: DialectName,
  ask: { query: string; column: string; kind: Kind; among: string[]; sort: string[]; rows: number },
): Statement {
  const b = builder(dialect)
  const list = ask.among.map((value) => b.bind(value, ask.kind)).join(', ')
  const order = ask.sort.map((name) => b.column(name)).join(', ')
  const body = `t.* from ${inner(ask.query, dialect)} where ${b.column(ask.column)} in (${list}) order by ${order}`
  return { sql: b.grammar.limited(body, ask.rows), values: b.values }
}

/** How many rows a window has. */
export function countStatement(dialect: DialectName, ask: WindowAsk): Statement {
  const b = builder(dialect)
  const conditions = b.window(ask)
  return {
    sql: `select count(*) as n from ${inner(ask.query, dialect)}${where(conditions)}`,
    values: b.values,
  }
}
