/** `tributary mapping check`: compiles, lints and tests mapping files. */
import { statSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import type { Command } from 'commander'
import { runtimeError } from '../core/errors/runtime.ts'
import type { Complaint, Inspection } from '../mapping/inspect.ts'
import { type Cli, EXIT } from './context.ts'
import { clean } from './table.ts'

export function mappingCheck(cli: Cli, group: Command): Command {
  return group
    .command('check')
    .description(cli.say('mapping.check'))
    .argument('[file...]', cli.say('argument.mappings'))
    .action((files: string[]) => run(cli, files))
}

async function run(cli: Cli, given: string[]): Promise<void> {
  const { mappingsIn, projectMappings } = await import('../runtime/mapping-files.ts')
  const { inspectMapping } = await import('../mapping/inspect.ts')
  const named = given.flatMap((path) => (isFolder(path) ? mappingsIn(resolve(path)).sort() : [resolve(path)]))
  const files = given.length > 0 ? named : projectMappings(configured(cli))
  if (files.length === 0) {
    throw runtimeError('RUNTIME_REQUEST', { field: 'file', reason: cli.say('mapping.none') })
  }
  const mappings: Inspection[] = []
  for (const file of files) mappings.push(shortened(await inspectMapping(file)))
  const all = mappings.flatMap((m) => m.complaints)
  const errors = all.filter((c) => c.severity === 'error').length
  const counts = {
    mappings: mappings.length,
    compiled: mappings.filter((m) => m.runs === 'compiled').length,
    interpreted: mappings.filter((m) => m.runs === 'interpreted').length,
    cases: mappings.reduce((sum, m) => sum + m.cases, 0),
    failed: mappings.reduce((sum, m) => sum + m.failed, 0),
    errors,
    warnings: all.length - errors,
  }
  cli.show({ ...counts, files: mappings.map((m) => told(cli, m)) }, () =>
    [...mappings.map((m) => pageOf(cli, m)), cli.say('mapping.checked', counts)].join('\n'),
  )
  if (errors > 0) cli.exit(EXIT.found)
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false

/** A stated configuration must be there; without one the folder counts. */
function configured(cli: Cli): string {
  const { path, stated, exists } = cli.configFile()
  if (stated && !exists) cli.config()
  return path
}

function shortened(inspection: Inspection): Inspection {
  return {
    ...inspection,
    file: short(inspection.file),
    complaints: inspection.complaints.map((c) => ({ ...c, file: short(c.file) })),
  }
}

function short(file: string): string {
  const path = relative(process.cwd(), resolve(file))
  return path.startsWith('..') ? file : path
}

/** Messages in the reader's language, as everywhere in JSON answers. */
function told({ language }: Cli, inspection: Inspection): object {
  const complaints = inspection.complaints.map((c) => ({
    ...c,
    message: c.message[language],
    fix: c.fix[language],
  }))
  return { ...inspection, complaints }
}

function pageOf(cli: Cli, inspection: Inspection): string {
  const { say } = cli
  const { file, runs, reason, cases, failed, complaints } = inspection
  const wrong = complaints.some((c) => c.severity === 'error')
  const state =
    runs === null
      ? say('mapping.unread')
      : say(`mapping.${runs}`, { reason }) +
        (cases > 0 ? ` · ${say('mapping.cases', { cases, passed: cases - failed })}` : '')
  const unseen = complaints.filter((c) => c.code === 'MAPPING_PATH_UNKNOWN' && c.nearest === null)
  const lines = [`${wrong ? '✗' : '✓'} ${file}: ${state}`]
  // Paths that nothing resembles are mostly fields that the samples lack: one line for all of them.
  const folded = unseen.length > 2 ? unseen : []
  for (const c of complaints) if (!folded.includes(c)) lines.push(...complaintText(cli, c))
  if (folded.length > 0) lines.push(foldedText(cli, folded))
  return lines.join('\n')
}

function complaintText({ language, say }: Cli, c: Complaint): string[] {
  const lines = [`  ${c.severity === 'error' ? '✗' : '!'} ${clean(c.message[language])}`]
  if (c.expression && !c.message[language].includes(c.expression)) {
    lines.push(`      ${say('mapping.expression')}: ${clean(c.expression)}`)
  }
  lines.push(`      → ${clean(c.fix[language])}`)
  return lines
}

function foldedText({ say }: Cli, complaints: Complaint[]): string {
  const places = complaints.map((c) => `${c.field} (${c.line})`)
  return `  ! ${say('mapping.unseen', { count: complaints.length })}: ${clean(places.join(', '))}\n      → ${say('mapping.unseen.fix')}`
}
