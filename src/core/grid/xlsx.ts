/**
 * Excel workbooks by `hucre`, which is loaded only here. A cell is taken as the text that a person sees; where Excel
 * holds something else (a float, a date, a formula that failed), the cell is wrong rather than guessed at.
 */
import { codeError } from '../errors/code.ts'
import type { Cell, GridRow } from './grid.ts'

/** Begins a zip, and so a workbook. */
export const isWorkbook = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b
/** Begins what Excel wrote until 2003, and what it writes under a password. */
export const isOldWorkbook = (bytes: Uint8Array): boolean => bytes[0] === 0xd0 && bytes[1] === 0xcf

/** The first sheet that is not hidden. Throws CODE_FILE_UNREADABLE. */
export async function parseXlsx(bytes: Uint8Array, file: string): Promise<GridRow[]> {
  const { readXlsx } = await import('hucre/xlsx')
  const sheets = await read(() => readXlsx(bytes, { readStyles: true, sheets: visible() }), file)
  const sheet = sheets[0]
  if (!sheet) throw unreadable(file, { en: 'it has no sheet to read', zh: '没有可读取的工作表' })
  return sheet.rows.map((values, r) => ({
    row: r + 1,
    line: r + 1,
    cells: values.map((value, c) => cellOf(value, sheet.cells?.get(`${r},${c}`))),
  }))
}

/** Takes the first visible sheet, once. */
function visible() {
  let taken = false
  return ({ hidden, veryHidden }: { hidden?: boolean; veryHidden?: boolean }) => {
    if (taken || hidden || veryHidden) return false
    taken = true
    return true
  }
}

async function read<W extends { sheets: unknown[] }>(
  work: () => Promise<W>,
  file: string,
): Promise<W['sheets']> {
  try {
    return (await work()).sheets
  } catch (error) {
    const { name } = error as Error
    throw unreadable(file, { en: `it is damaged (${name})`, zh: `文件已损坏（${name}）` }, error)
  }
}

const unreadable = (file: string, reason: { en: string; zh: string }, cause?: unknown) =>
  codeError('CODE_FILE_UNREADABLE', { file, reason }, cause)

const FAILED = /^#(N\/A|REF!|VALUE!|NAME\?|DIV\/0!|NUM!|NULL!)/

function cellOf(value: unknown, cell?: { type: string; style?: { numFmt?: string } }): Cell {
  if (value === null || value === undefined) return { text: '' }
  if (value instanceof Date) {
    const date = Number.isNaN(value.getTime())
      ? {}
      : { date: value.toISOString().slice(0, -1).replace('T', ' ') }
    return { wrong: 'date', found: 'date', ...date }
  }
  if (typeof value === 'number') return ofNumber(value, cell?.style?.numFmt ?? 'General')
  const text = String(value).trim()
  const failed = cell?.type === 'error' || (cell?.type === 'formula' && FAILED.test(text))
  if (typeof value === 'boolean' || failed) return { wrong: 'kind', found: text.toUpperCase() }
  return { text }
}

/** Excel keeps 15 digits of a number. */
const EXACT = 1e15

/**
 * A whole number that Excel holds and shows exactly is its digits; under a format like 000000 with the zeros that it
 * shows. Anything else may not be what was typed. Source of formats: ECMA-376 part 1, 18.8.31.
 */
function ofNumber(value: number, format: string): Cell {
  const wrong: Cell = { wrong: 'number', found: String(value), number: value }
  if (!Number.isInteger(value) || Math.abs(value) >= EXACT) return wrong
  if (/^(General|@|#|0)$/i.test(format)) return { text: String(value) }
  const zeros = /^(0+)(_.)?\s*(;.*)?$/.exec(format)
  return zeros && value >= 0 ? { text: String(value).padStart(zeros[1]!.length, '0') } : wrong
}

export interface SheetColumn {
  title: string
  width: number
  /** Text stays text, whatever is typed into it. */
  text: boolean
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 cannot hold them (section 2.2)
const UNHOLDABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

/** One sheet with a head that stays in sight. */
export async function formatXlsx(
  columns: SheetColumn[],
  rows: (string | number | null)[][],
): Promise<Uint8Array> {
  const { writeXlsx } = await import('hucre/xlsx')
  const clean = (value: string | number | null) =>
    typeof value === 'string' ? value.replace(UNHOLDABLE, '') || null : value
  return writeXlsx({
    sheets: [
      {
        name: 'codes',
        columns: columns.map(({ width, text }) => ({ width, ...(text ? { numFmt: '@' } : {}) })),
        rows: [columns.map((c) => c.title), ...rows.map((row) => row.map(clean))],
        freezePane: { rows: 1 },
      },
    ],
  })
}
