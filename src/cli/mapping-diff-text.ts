/** The answer of `tributary mapping diff` for people. */
import type { FieldGroup, OutcomeGroup, Pair, Subject } from '../mapping/diff-report.ts'
import type { MappingDiffAnswer } from '../runtime/mapping-diff.ts'
import type { Cli } from './context.ts'
import { clean, instant, table } from './table.ts'

/** Fields that say which thing it is: another value is another order, and that would be pushed as well. */
const IDENTITY = /^(externalId|lines\[\]\.externalId|lines\[\])$/

/** The whole text: what was compared, what would differ, what was left out. */
export function diffText(cli: Cli, answer: MappingDiffAnswer): string {
  return [
    head(cli, answer),
    totals(cli, answer),
    outcomes(cli, answer),
    fields(cli, answer),
    notes(cli, answer),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function head({ say }: Cli, answer: MappingDiffAnswer): string {
  const uses = answer.uses.map(
    ({ use, file, version }) => `  ${clean(use)}: ${clean(file)} (${version ?? '?'})`,
  )
  const title = say(`mapping.${answer.way}`, { file: clean(answer.file), version: answer.version })
  return [title, ...uses].join('\n')
}

function totals({ say }: Cli, answer: MappingDiffAnswer): string {
  const { rerun, same, since, differs, parks, comesThrough, parksOtherwise, stillParked, already } = answer
  const lines = [
    since === null
      ? say('mapping.rerun', { rerun })
      : say('mapping.rerun-since', { rerun, since: instant(since) }),
    `  ${say('mapping.same', { count: same })}`,
    `  ${say('mapping.differs', { count: differs })}`,
  ]
  if (parks > 0) lines.push(`  ${say('mapping.parks', { count: parks })}`)
  if (comesThrough > 0) lines.push(`  ${say('mapping.comes-through', { count: comesThrough })}`)
  if (parksOtherwise > 0) lines.push(`  ${say('mapping.parks-otherwise', { count: parksOtherwise })}`)
  if (stillParked > 0) lines.push(`  ${say('mapping.still-parked', { count: stillParked })}`)
  if (already !== null && already > 0) lines.push(`  ${say('mapping.already', { count: already })}`)
  return lines.join('\n')
}

function outcomes({ say }: Cli, { outcomes: groups }: MappingDiffAnswer): string {
  if (groups.length === 0) return ''
  const own = groups.some((g) => g.already)
  const nothing = say('mapping.document')
  const row = (g: OutcomeGroup) => [
    g.was ?? nothing,
    g.now === null ? nothing : `${g.now}${g.field ? ` (${g.field})` : ''}`,
    g.orders,
    ...(own ? [g.already] : []),
    examples(g.examples),
  ]
  const titles = [say('column.before'), say('column.after'), say('column.orders')]
  if (own) titles.push(say('column.already'))
  return table([...titles, say('column.examples')], groups.map(row))
}

function fields({ say }: Cli, { fields: groups, unlisted }: MappingDiffAnswer): string {
  if (groups.length === 0) return ''
  const own = groups.some((g) => g.already)
  const row = (g: FieldGroup) => [
    g.path === '' ? say('mapping.bytes') : g.path,
    say(`change.${g.kind}`),
    g.orders,
    g.changes,
    ...(own ? [g.already] : []),
    examples(g.examples),
  ]
  const titles = [say('column.field'), say('column.change'), say('column.orders'), say('column.places')]
  if (own) titles.push(say('column.already'))
  const lines = [table([...titles, say('column.examples')], groups.map(row))]
  const pairs = groups.flatMap((g) => (g.pairs ?? []).map((p) => pairText(g, p)))
  if (pairs.length > 0) lines.push('', ...pairs)
  if (unlisted > 0) lines.push(say('mapping.unlisted', { count: unlisted }))
  return lines.join('\n')
}

function pairText(group: FieldGroup, { before, after, changes }: Pair): string {
  return clean(`${group.path}: ${before ?? '—'} → ${after ?? '—'} (${changes})`)
}

const examples = (subjects: Subject[]) => subjects.map((s) => s.number ?? s.order).join(' ')

function notes({ say }: Cli, answer: MappingDiffAnswer): string {
  const lines = answer.left.map(({ why, records, examples: some }) =>
    say(`mapping.left.${why}`, { count: records, examples: clean(examples(some)) }),
  )
  if (answer.waiting > 0) lines.push(say('mapping.waiting', { count: answer.waiting }))
  if (answer.older > 0) lines.push(say('mapping.older', { count: answer.older }))
  if (answer.already === null) lines.push(say('mapping.in-place'))
  if (answer.way === 'in' && answer.fields.some((g) => IDENTITY.test(g.path)))
    lines.push(say('mapping.identity'))
  return lines.join('\n')
}
