/** A file of codes → entries of an import, with everything that is wrong with it said at once. */
import { CODE_ERRORS, codeError } from '../../core/errors/code.ts'
import { type ErrorDetail, TributaryError } from '../../core/errors/error.ts'
import { decodeCsv, parseCsv } from '../../core/grid/csv.ts'
import { type Cell, columnLetters, type GridRow } from '../../core/grid/grid.ts'
import { isOldWorkbook, isWorkbook, parseXlsx } from '../../core/grid/xlsx.ts'
import { nearest } from '../../core/yaml.ts'
import { didYouMean } from '../../core/yaml-words.ts'
import { isFactor, LONGEST_KEY, LONGEST_VALUE } from '../code-entries.ts'
import type { CodeImportEntry } from '../operations-code-types.ts'

/** Names of the columns, as people may write them. The first one of each is what `codes export` writes. */
export const TITLES = {
  connection: { en: 'connection', zh: '连接' },
  table: { en: 'table', zh: '对照表' },
  key: { en: 'key', zh: '键' },
  value: { en: 'value', zh: '值' },
  factor: { en: 'factor', zh: '换算率' },
} as const

export type Column = keyof typeof TITLES

export interface CodeFileOptions {
  /** What `--connection` and `--table` say: for files without such a column. */
  connection?: string | undefined
  table?: string | undefined
  encoding?: string | undefined
  /** Ids of the connections of the configuration. */
  connections: string[]
}

export interface CodeFile {
  entries: CodeImportEntry[]
  /** One per cell that cannot be used, in the order of the file: CODE_CELL_… */
  problems: TributaryError[]
  /** Rows whose value nobody has filled in yet. */
  blank: number
}

/** Reads a file. Throws CODE_FILE_UNREADABLE, CODE_FILE_ENCODING, CODE_FILE_COLUMNS. */
export async function readCodeFile(
  bytes: Uint8Array,
  file: string,
  options: CodeFileOptions,
): Promise<CodeFile> {
  if (isOldWorkbook(bytes)) {
    const reason = { en: 'it is an old .xls, or has a password', zh: '它是旧版 .xls，或设有密码' }
    throw codeError('CODE_FILE_UNREADABLE', { file, reason })
  }
  const grid = isWorkbook(bytes)
    ? await parseXlsx(bytes, file)
    : parseCsv(decodeCsv(bytes, file, options.encoding))
  const [head, ...rows] = grid.filter((r) => r.cells.some((c) => 'wrong' in c || c.text !== ''))
  const columns = columnsOf(head, file, options)
  const reader = { file, columns, options, problems: [] as TributaryError[] }
  const out: CodeFile = { entries: [], problems: reader.problems, blank: 0 }
  const seen = new Map<string, { row: number; entry: CodeImportEntry }>()
  for (const row of rows) {
    if (isBlank(row, columns)) out.blank += 1
    else take(reader, row, seen, out.entries)
  }
  return out
}

interface Reader {
  file: string
  columns: Map<Column, number>
  options: CodeFileOptions
  problems: TributaryError[]
}

function columnsOf(head: GridRow | undefined, file: string, options: CodeFileOptions): Map<Column, number> {
  const said = (head?.cells ?? []).map((c) => ('text' in c ? c.text : c.found).toLowerCase())
  const columns = new Map<Column, number>()
  for (const [name, titles] of Object.entries(TITLES) as [Column, (typeof TITLES)[Column]][]) {
    const at = said.findIndex((title) => title === titles.en || title === titles.zh)
    if (at >= 0) columns.set(name, at)
  }
  const found = said.filter((s) => s !== '').join(', ') || '—'
  for (const name of ['connection', 'table', 'key', 'value'] as const) {
    const given = name === 'connection' || name === 'table' ? options[name] : undefined
    if (columns.has(name) || given !== undefined) continue
    throw codeError('CODE_FILE_COLUMNS', { file, missing: TITLES[name], found })
  }
  return columns
}

const cellAt = (row: GridRow, at: number | undefined): Cell =>
  at === undefined ? { text: '' } : (row.cells[at] ?? { text: '' })

/** A row of the template that `codes missing` writes, not filled in yet. */
function isBlank(row: GridRow, columns: Map<Column, number>): boolean {
  return (['value', 'factor'] as const).every((name) => {
    const cell = cellAt(row, columns.get(name))
    return 'text' in cell && cell.text === ''
  })
}

function take(
  reader: Reader,
  row: GridRow,
  seen: Map<string, { row: number; entry: CodeImportEntry }>,
  entries: CodeImportEntry[],
): void {
  const before = reader.problems.length
  const entry: CodeImportEntry = {
    connection: named(reader, row, 'connection'),
    table: named(reader, row, 'table'),
    key: textOf(reader, row, 'key', LONGEST_KEY),
    value: textOf(reader, row, 'value', LONGEST_VALUE),
    ...factorOf(reader, row),
  }
  if (reader.problems.length > before) return
  const name = JSON.stringify([entry.connection, entry.table, entry.key])
  const first = seen.get(name)
  if (!first) {
    seen.set(name, { row: row.row, entry })
    entries.push(entry)
  } else if (first.entry.value !== entry.value || first.entry.factor !== entry.factor) {
    complain(reader, row, 'key', 'CODE_CELL_TWICE', { first: first.row })
  }
}

function complain(
  { file, columns, problems }: Reader,
  row: GridRow,
  name: Column,
  code: keyof typeof CODE_ERRORS,
  detail: ErrorDetail = {},
): '' {
  const at = columns.get(name)
  const letters = at === undefined ? '' : `${columnLetters(at)} `
  const column = { en: `${letters}(${TITLES[name].en})`, zh: `${letters}(${TITLES[name].zh})` }
  problems.push(new TributaryError(code, CODE_ERRORS[code], { file, line: row.row, column, ...detail }))
  return ''
}

const WRONG = { number: 'CODE_CELL_NUMBER', date: 'CODE_CELL_DATE', kind: 'CODE_CELL_KIND' } as const

/** The text of a cell that must not be empty; '' when it was complained about. */
function textOf(reader: Reader, row: GridRow, name: Column, most: number): string {
  const cell = cellAt(row, reader.columns.get(name))
  if ('wrong' in cell) return complain(reader, row, name, WRONG[cell.wrong], { found: cell.found })
  if (cell.text === '') return complain(reader, row, name, 'CODE_CELL_EMPTY')
  if (cell.text.length > most || cell.text.includes('\0') || !cell.text.isWellFormed()) {
    return complain(reader, row, name, 'CODE_CELL_TEXT', { most })
  }
  return cell.text
}

/** The connection or the table: of the row, or of the command line. */
function named(reader: Reader, row: GridRow, name: 'connection' | 'table'): string {
  const given = reader.options[name]
  const cell = cellAt(row, reader.columns.get(name))
  if (given !== undefined && 'text' in cell && cell.text === '') return given
  const found = textOf(reader, row, name, LONGEST_KEY)
  if (found === '') return ''
  if (given !== undefined && found !== given) {
    return complain(reader, row, name, 'CODE_CELL_OTHER', { found, option: `--${name}`, wanted: given })
  }
  const { connections } = reader.options
  if (name === 'table' || connections.includes(found)) return found
  const near = didYouMean(nearest(found, connections))
  return complain(reader, row, name, 'CODE_CELL_CONNECTION', { found, near, allowed: connections.join(', ') })
}

/** Nothing at all where the file has no such column, so that factors which are there stay. */
function factorOf(reader: Reader, row: GridRow): { factor?: string | null } {
  const at = reader.columns.get('factor')
  if (at === undefined) return {}
  const cell = cellAt(row, at)
  // a factor is a number, so Excel may have it as one
  const text = 'text' in cell ? cell.text : cell.number === undefined ? cell.found : String(cell.number)
  if (text === '') return { factor: null }
  if (isFactor(text)) return { factor: text }
  complain(reader, row, 'factor', 'CODE_CELL_FACTOR', { found: text })
  return {}
}
