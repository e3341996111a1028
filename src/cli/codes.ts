/** `tributary codes list|export|missing|import`: code tables, and what waits for an entry in them. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { codeError } from '../core/errors/code.ts'
import type { ErrorDetail } from '../core/errors/error.ts'
import { ENCODING_NAMES } from '../core/grid/csv.ts'
import { type CodeFile, readCodeFile } from '../runtime/code-files/entries.ts'
import type { Operations } from '../runtime/operations.ts'
import type { CodeImported, CodeItem, CodeMissing, CodeRedriven } from '../runtime/operations-code-types.ts'
import { amountText, FORMATS, writeCodes, writeMissing } from './codes-file.ts'
import { actor, type Cli, EXIT, given, readCount, readWord } from './context.ts'
import { withOperations } from './open.ts'
import { printNext, withPage } from './page.ts'
import { instant, table } from './table.ts'

interface Options {
  connection?: string
  table?: string
  key?: string
  limit?: string
  after?: string
  to?: string
  format?: string
  encoding?: string
  dryRun?: boolean
  skipBad?: boolean
  why?: string
}

export function codes(cli: Cli): Command {
  const { program, say } = cli
  const group = program.command('codes').description(say('codes'))
  const of = (name: 'list' | 'export' | 'missing' | 'import') =>
    group
      .command(name)
      .description(say(`codes.${name}`))
      .option('--connection <id>', say(name === 'import' ? 'option.for-connection' : 'option.connection'))
      .option('--table <name>', say(name === 'import' ? 'option.for-table' : 'option.table'))
  const toFile = (command: Command) =>
    command.option('--to <file>', say('option.to')).option('--format <format>', say('option.format'))
  withPage(cli, of('list').option('--key <key>', say('option.key'))).action((o: Options) => list(cli, o))
  toFile(of('export')).action((o: Options) => exported(cli, o))
  toFile(of('missing')).action((o: Options) => missing(cli, o))
  of('import')
    .argument('<file>', say('argument.codes'))
    .option('--encoding <name>', say('option.encoding'))
    .option('--dry-run', say('option.dry-run'))
    .option('--skip-bad', say('option.skip-bad'))
    .option('--why <text>', say('option.why'))
    .action((file: string, o: Options) => imported(cli, file, o))
  return group
}

const scope = ({ connection, table: name }: Options) => given({ connection, table: name })

/** Tables, or the entries of one. */
async function list(cli: Cli, options: Options): Promise<void> {
  if (options.table === undefined && options.key === undefined) return listTables(cli, options)
  const limit = readCount('limit', options.limit, [1, 500])
  const filter = { ...scope(options), ...given({ key: options.key, limit, after: options.after }) }
  const page = await withOperations(cli, (o) => o.codeList(filter))
  cli.show(page, () => (page.items.length === 0 ? cli.say('nothing') : entriesText(cli, page.items)))
  printNext(cli, page.next)
}

function entriesText({ say }: Cli, items: CodeItem[]): string {
  const titles = ['of', 'table', 'key', 'value', 'factor', 'who', 'changed'] as const
  return table(
    titles.map((t) => say(`column.${t}`)),
    items.map((i) => [
      i.connection,
      i.table,
      i.key,
      i.value,
      i.factor,
      i.changedBy ?? 'tributary.yaml',
      instant(i.changedAt),
    ]),
  )
}

async function listTables(cli: Cli, { connection }: Options): Promise<void> {
  const { say } = cli
  const found = await withOperations(cli, (o) => o.codeTables(given({ connection })))
  cli.show(found, () => {
    if (found.length === 0) return say('nothing')
    const titles = ['of', 'table', 'imported', 'file', 'changed'] as const
    return table(
      titles.map((t) => say(`column.${t}`)),
      found.map((t) => [t.connection, t.table, t.ledger, t.file, instant(t.changedAt)]),
    )
  })
}

async function exported(cli: Cli, options: Options): Promise<void> {
  const format = readWord('format', options.format, FORMATS)
  const items = await withOperations(cli, (o) => every(o, options))
  if (cli.json() && options.to === undefined) cli.show(items, () => '')
  else await writeCodes(cli, items, options.to, format)
}

async function every(operations: Operations, options: Options): Promise<CodeItem[]> {
  const items: CodeItem[] = []
  for (let after: string | null | undefined; after !== null; ) {
    const page = await operations.codeList({ ...scope(options), limit: 500, ...given({ after }) })
    items.push(...page.items)
    after = page.next
  }
  return items
}

async function missing(cli: Cli, options: Options): Promise<void> {
  const { say } = cli
  const format = readWord('format', options.format, FORMATS)
  const found = await withOperations(cli, (o) => o.codeMissing(scope(options)))
  if (options.to !== undefined || format !== undefined) await writeMissing(cli, found, options.to, format)
  else cli.show(found, () => (found.length === 0 ? say('codes.complete') : missingText(cli, found)))
  if (found.length > 0) {
    cli.remark(say(options.to === undefined ? 'codes.how' : 'codes.fill', { file: options.to ?? '' }))
    cli.exit(EXIT.found)
  }
}

function missingText({ say }: Cli, found: CodeMissing[]): string {
  const titles = ['of', 'table', 'key', 'orders', 'total', 'since'] as const
  return table(
    titles.map((t) => say(`column.${t}`)),
    found.map((m) => [m.connection, m.table, m.key, m.orders, amountText(m), instant(m.since)]),
  )
}

async function imported(cli: Cli, path: string, options: Options): Promise<void> {
  const file = await read(cli, path, options)
  if (file.problems.length > 0 && !options.skipBad) throw bad(cli, path, file)
  for (const p of file.problems) cli.remark(`${p.say(cli.language)}\n  → ${p.fix(cli.language)}`)
  const { entries, blank, problems } = file
  cli.remark(
    cli.say('codes.read', { file: basename(path), count: entries.length, blank, bad: problems.length }),
  )
  const done = await withOperations(cli, (o) => importEntries(cli, o, entries, options))
  const badRows = problems.map((p) => ({ code: p.code, row: p.detail.line, message: p.say(cli.language) }))
  cli.show({ ...done, blank, bad: badRows }, () => importedText(cli, done, options.dryRun === true))
  if (problems.length > 0) cli.exit(EXIT.found)
}

async function read(cli: Cli, path: string, options: Options): Promise<CodeFile> {
  const encoding = readWord('encoding', options.encoding?.toLowerCase(), ENCODING_NAMES)
  const connections = Object.keys(cli.config().connections)
  return readCodeFile(await bytesOf(path), basename(path), { ...scope(options), encoding, connections })
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error)
    throw codeError('CODE_FILE_UNREADABLE', { file: path, reason }, error)
  }
}

/** Every cell that cannot be used; `main` prints them one by one. */
function bad(cli: Cli, path: string, { problems }: CodeFile): Error {
  cli.remark(cli.say('codes.bad', { count: problems.length }))
  const list = { en: '', zh: '' }
  for (const language of ['en', 'zh'] as const) {
    list[language] = problems.map((p) => `  ${p.say(language)}`).join('\n')
  }
  const detail: ErrorDetail = { file: basename(path), count: problems.length, list }
  return codeError('CODE_FILE_BAD', detail, new AggregateError(problems, 'every cell'))
}

async function importEntries(
  cli: Cli,
  operations: Operations,
  entries: CodeFile['entries'],
  options: Options,
): Promise<CodeImported> {
  const hand = actor(options.why)
  const dryRun = options.dryRun === true
  const done = await operations.codeImport({ entries, dryRun, redrive: false, ...hand })
  if (dryRun || done.waiting === 0) return done
  const sum: CodeRedriven = { records: 0, documents: 0, pushes: 0 }
  for (let after: string | null | undefined; after !== null; ) {
    const step = await operations.codeRedrive({ ...given({ after }), ...hand })
    for (const what of ['records', 'documents', 'pushes'] as const) sum[what] += step[what]
    after = step.next
    cli.remark(cli.say('codes.going', { count: total(sum), waiting: done.waiting }))
  }
  return { ...done, redriven: sum }
}

const total = ({ records, documents, pushes }: CodeRedriven) => records + documents + pushes

function importedText({ say }: Cli, done: CodeImported, dry: boolean): string {
  const { added, changed, unchanged, waiting, redriven } = done
  const head = say(dry ? 'codes.would' : 'codes.done', { added, changed, unchanged })
  if (dry) return `${head}\n${say('codes.would-go', { waiting })}`
  return redriven ? `${head}\n${say('codes.went', { count: total(redriven), waiting })}` : head
}
