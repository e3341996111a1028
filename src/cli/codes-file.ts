/** Code tables, and the template of what is missing, as files that people fill in and import again. */
import { writeFile } from 'node:fs/promises'
import { runtimeError } from '../core/errors/runtime.ts'
import { formatCsv } from '../core/grid/csv.ts'
import { formatXlsx, type SheetColumn } from '../core/grid/xlsx.ts'
import { fromMinor } from '../core/money.ts'
import { type Column, TITLES } from '../runtime/code-files/entries.ts'
import type { CodeItem, CodeMissing } from '../runtime/operations-code-types.ts'
import type { Cli } from './context.ts'

export const FORMATS = ['csv', 'xlsx'] as const
type Format = (typeof FORMATS)[number]
type Row = (string | number | null)[]

const WIDTH: Record<Column, number> = { connection: 14, table: 14, key: 28, value: 28, factor: 10 }

function columnsOf({ language }: Cli): SheetColumn[] {
  return (Object.keys(TITLES) as Column[]).map((name) => ({
    title: TITLES[name][language],
    width: WIDTH[name],
    text: true,
  }))
}

/** All entries. `to` undefined: standard output. */
export async function writeCodes(cli: Cli, items: CodeItem[], to?: string, format?: Format): Promise<void> {
  const rows = items.map((i) => [i.connection, i.table, i.key, i.value, i.factor])
  await write(cli, columnsOf(cli), rows, to, format)
  if (to !== undefined) cli.remark(cli.say('codes.written', { file: to, count: items.length }))
}

/** One row per missing key, its value to be filled in; what the key holds up stands beside it. */
export async function writeMissing(
  cli: Cli,
  found: CodeMissing[],
  to?: string,
  format?: Format,
): Promise<void> {
  const beside: SheetColumn[] = [
    { title: cli.say('column.orders'), width: 10, text: false },
    { title: cli.say('column.total'), width: 22, text: true },
    { title: cli.say('column.order'), width: 24, text: true },
  ]
  const rows = found.map(
    (m): Row => [
      ...[m.connection, m.table, m.key, null, null],
      ...[m.orders, amountText(m), m.examples[0] ?? null],
    ],
  )
  await write(cli, [...columnsOf(cli), ...beside], rows, to, format)
}

async function write(
  cli: Cli,
  columns: SheetColumn[],
  rows: Row[],
  to?: string,
  stated?: Format,
): Promise<void> {
  const format = stated ?? (to?.toLowerCase().endsWith('.xlsx') ? 'xlsx' : 'csv')
  const bytes =
    format === 'xlsx' ? await formatXlsx(columns, rows) : formatCsv([columns.map((c) => c.title), ...rows])
  if (to === undefined) return void process.stdout.write(bytes)
  try {
    // a template that somebody has filled in must not be written over
    await writeFile(to, bytes, { flag: 'wx' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason = code === 'EEXIST' ? cli.say('codes.exists') : (code ?? String(error))
    throw runtimeError('RUNTIME_REQUEST', { field: `--to ${to}`, reason }, error)
  }
}

/** What the orders come to, as far as it is known. */
export function amountText({ amounts }: CodeMissing): string | null {
  if (amounts.length === 0) return null
  return amounts.map((a) => `${fromMinor(a.amount, a.currency)} ${a.currency}`).join(', ')
}
