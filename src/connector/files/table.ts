/** The bytes of a file as records: one per row, or one per group of rows of the same id. */

import type { Phrase } from '../../core/errors/error.ts'
import { TributaryError } from '../../core/errors/error.ts'
import { decodeCsv, parseCsv } from '../../core/grid/csv.ts'
import { type Cell, columnLetters, type GridRow } from '../../core/grid/grid.ts'
import { isOldWorkbook, isWorkbook, parseXlsx } from '../../core/grid/xlsx.ts'
import type { TableManifest } from '../manifest-source.ts'

/** A record that can be mapped. `line` is that of its first row. */
export interface TableRecord {
  id: string
  line: number
  rows: Record<string, string>[]
}

/** What cannot be used: a row, a group that holds one, or (line 1) the file. */
export interface BadRow {
  line: number
  reason: Phrase
  /** As far as it is known. */
  id: string | null
}

export interface TableContent {
  /** In the order of the file. */
  records: (TableRecord | BadRow)[]
  /** Nothing of it can be used. */
  unreadable: boolean
}

/** Reads a whole file. Throws nothing: what is wrong with it is a record that says so. */
export async function readTable(bytes: Buffer, name: string, declared: TableManifest): Promise<TableContent> {
  try {
    const grid = await gridOf(bytes, name, declared)
    const body = grid.slice(declared.skip ?? 0).filter((row) => row.torn || row.cells.some(isFilled))
    const head = declared.columns ?? headOf(body.shift())
    const id = head.indexOf(declared.id)
    if (id < 0) return unusable(noColumn(declared.id, head))
    const rows = body.map((row) => readRow(row, head, id, isWorkbook(bytes)))
    return { records: declared.group ? grouped(rows) : rows.map(single), unreadable: false }
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error
    return unusable({ en: error.say('en'), zh: error.say('zh') })
  }
}

const unusable = (reason: Phrase): TableContent => ({
  records: [{ line: 1, id: null, reason }],
  unreadable: true,
})

const noColumn = (column: string, head: string[]): Phrase => ({
  en: `there is no column "${column}"; the head says ${head.join(', ') || 'nothing'}`,
  zh: `没有列“${column}”；表头为 ${head.join('、') || '空'}`,
})

async function gridOf(bytes: Buffer, name: string, declared: TableManifest): Promise<GridRow[]> {
  if (isWorkbook(bytes) || isOldWorkbook(bytes)) return parseXlsx(bytes, name)
  return parseCsv(decodeCsv(bytes, name, declared.charset), declared.delimiter)
}

const isFilled = (cell: Cell): boolean => 'wrong' in cell || cell.text !== ''

/** Names of the columns; one without is called by its letters, one that is there already gets a number. */
function headOf(row: GridRow | undefined): string[] {
  const names: string[] = []
  for (const [i, cell] of (row?.cells ?? []).entries()) {
    const name = ('text' in cell ? cell.text : cell.found) || columnLetters(i)
    let n = 2
    let free = name
    while (names.includes(free)) free = `${name} ${n++}`
    names.push(free)
  }
  return names
}

interface ReadRow {
  line: number
  id: string | null
  values: Record<string, string> | null
  reason: Phrase | null
  /** Of a row without an id: what it may belong to. */
  near?: string | null
}

function readRow(row: GridRow, head: string[], id: number, workbook: boolean): ReadRow {
  const { line, cells } = row
  const idCell = cells[id] ? textOf(cells[id]) : null
  const known = typeof idCell === 'string' && idCell !== '' ? idCell : null
  const bad = (en: string, zh: string): ReadRow => ({ line, id: known, values: null, reason: { en, zh } })
  // rows behind it may be in its cells
  if (row.torn)
    return {
      ...bad('a quote is not closed where its cell ends', '引号没有在单元格结尾处闭合'),
      id: null,
      near: known,
    }
  // a sheet leaves out what is empty at the end, a CSV file does not
  const lacks = !workbook && cells.length < head.length
  if (lacks || cells.slice(head.length).some(isFilled))
    return bad(
      `${cells.length} cells where ${head.length} belong`,
      `有 ${cells.length} 个单元格，应为 ${head.length} 个`,
    )
  const values: Record<string, string> = {}
  for (const [i, name] of head.entries()) {
    const text = cells[i] ? textOf(cells[i]) : ''
    if (typeof text !== 'string') return bad(`column ${name}: ${text.en}`, `列“${name}”：${text.zh}`)
    values[name] = text
  }
  if (known === null) return bad(`column ${head[id]} is empty`, `列“${head[id]}”为空`)
  return { line, id: known, values, reason: null }
}

/** What a cell shows. Excel keeps 15 digits, so that a longer number is not what was typed. */
function textOf(cell: Cell): string | Phrase {
  if ('text' in cell) return cell.text
  if (cell.date !== undefined) return wholeSeconds(cell.date)
  if (cell.wrong === 'number' && cell.number !== undefined && Math.abs(cell.number) < 1e15)
    return cell.number.toLocaleString('en-US', { useGrouping: false, maximumSignificantDigits: 15 })
  if (cell.wrong === 'kind' && /^(TRUE|FALSE)$/.test(cell.found)) return cell.found
  if (cell.wrong === 'number')
    return { en: 'a long number whose last digits Excel has lost', zh: '过长的数字，Excel 已丢失末位' }
  return { en: 'a formula that failed, or no date', zh: '公式出错或日期无效' }
}

/** Sheets count days, so that a time comes with a rounding error. */
function wholeSeconds(date: string): string {
  const time = Math.round(Date.parse(`${date.replace(' ', 'T')}Z`) / 1000) * 1000
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ')
}

const single = ({ line, id, values, reason }: ReadRow): TableRecord | BadRow =>
  values && id !== null ? { id, line, rows: [values] } : { line, id, reason: reason! }

/**
 * Rows of one id, wherever they stand, are one record. A group with a bad row is bad as a whole: an order must not lose
 * a line. A bad row whose id cannot be told may belong to the group before or behind it: both are held back.
 */
function grouped(rows: ReadRow[]): (TableRecord | BadRow)[] {
  const doubtful = new Map<string, ReadRow>()
  for (const [i, row] of rows.entries()) {
    if (!row.reason) continue
    const near = row.id === null ? [row.near, rows[i - 1]?.id, rows[i + 1]?.id] : [row.id]
    for (const id of near) if (typeof id === 'string' && !doubtful.has(id)) doubtful.set(id, row)
  }
  const records: (TableRecord | BadRow)[] = []
  const known = new Map<string, TableRecord | BadRow>()
  for (const row of rows) {
    if (row.id === null) {
      records.push({ line: row.line, id: null, reason: row.reason! })
      continue
    }
    const record = known.get(row.id)
    if (record) {
      if ('rows' in record && row.values) record.rows.push(row.values)
      continue
    }
    const cause = doubtful.get(row.id)
    const fresh: TableRecord | BadRow = cause
      ? { line: cause.line, id: row.id, reason: heldBack(row, cause) }
      : { id: row.id, line: row.line, rows: [row.values!] }
    known.set(row.id, fresh)
    records.push(fresh)
  }
  return records
}

function heldBack(row: ReadRow, cause: ReadRow): Phrase {
  if (cause.id === row.id) return cause.reason!
  const { en, zh } = cause.reason!
  return {
    en: `it may belong to the record of line ${row.line}: ${en}`,
    zh: `可能属于第 ${row.line} 行的记录：${zh}`,
  }
}
