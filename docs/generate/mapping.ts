/** docs/reference/mapping.md: the page is written by hand but for its tables of functions, which stand beside the code. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MappingFunction } from '../../src/mapping/arguments.ts'
import { CODES, SECTIONS } from '../../src/mapping/functions.ts'

const PAGE = join(import.meta.dirname, '../reference/mapping.md')
const FROM = '<!-- Written by `npm run docs` from src/mapping/functions*.ts. -->\n'
const TO = '<!-- End of what is written. -->'

/** The whole page, with the tables as they are now. Throws when the page has lost the marks around them. */
export function mappingPage(): string {
  const page = readFileSync(PAGE, 'utf8')
  const [before, rest] = parts(page, FROM)
  const [, after] = parts(rest, TO)
  const tables = Object.entries({ ...SECTIONS, 'Code tables': CODES }).map(([title, functions]) =>
    section(title, functions),
  )
  return `${before}${FROM}\n${tables.join('\n\n')}\n\n${TO}${after}`
}

function parts(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark)
  if (at < 0) throw new Error(`docs/reference/mapping.md lacks ${mark}`)
  return [text.slice(0, at), text.slice(at + mark.length)]
}

function section(title: string, functions: Readonly<Record<string, Omit<MappingFunction, 'work'>>>): string {
  const rows = Object.entries(functions).map(([name, { takes, gives, example }]) => {
    const [expression, result] = example
    const shown = `${code(expression)} → ${code(JSON.stringify(result))}`
    return `| ${code(`$${name}(${takes})`)} | ${gives} | ${shown} |`
  })
  return `### ${title}\n\n| function | gives | example |\n|---|---|---|\n${rows.join('\n')}`
}

/** Code in a cell of a table, where a bar would end the cell. */
const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``
