/**
 * The answer to "what would this mapping change": verdicts on single records, counted by kind of change. Its size
 * is bounded, however many records there are.
 */
import { shapeOf } from '../core/errors/error.ts'
import type { Change, ChangeKind } from './diff.ts'
import { isPublicField } from './public-fields.ts'

/** Whose record or push it is. */
export interface Subject {
  /** `<connection>/<externalId>`; `record <id>` where the id is not known. */
  order: string
  /** What people call it. */
  number: string | null
}

/** Why something was not run again, or not compared. */
export const LEFT_REASONS = [
  // its bytes are gone: the retention time is over
  'trimmed',
  // its bytes do not match their checksum
  'damaged',
  // it ended the process that mapped it
  'deadly',
  // the order's newest document was made from a record of another shape, and this one is older than that
  'superseded',
  // nothing in the ledger to compare it with
  'unmatched',
] as const
export type LeftReason = (typeof LEFT_REASONS)[number]

/** A change, and whether the mapping in use would make the very same one by now (null: not known). */
export type Judged = Change & { already: boolean | null }

/** What became of one record or push under the changed mapping. */
export type Verdict =
  | { as: 'same' }
  | { as: 'differs'; changes: Judged[] }
  /** A document before, refused now. `field`: where the refusal says it. */
  | { as: 'parks'; code: string; field: string | null; already: boolean | null }
  | { as: 'comes-through'; was: string }
  | { as: 'parks-otherwise'; was: string; code: string; field: string | null }
  | { as: 'still-parked' }
  | { as: 'left'; why: LeftReason }

/** Two values at one place, as JSON or, where they are not single values, as shapes. */
export interface Pair {
  before: string | null
  after: string | null
  changes: number
}

export interface FieldGroup {
  path: string
  kind: ChangeKind
  orders: number
  changes: number
  /** Of these orders, how many the mapping in use would change in the same way; null: not known. */
  already: number | null
  examples: Subject[]
  /** Commonest first, at most five. Null: not asked for, or the field may hold personal data. */
  pairs: Pair[] | null
  /** Changes that are none of `pairs`. */
  otherPairs: number
}

export interface OutcomeGroup {
  as: 'parks' | 'comes-through' | 'parks-otherwise'
  /** Error codes; null: a document. */
  was: string | null
  now: string | null
  field: string | null
  orders: number
  already: number | null
  examples: Subject[]
}

export interface DiffReport {
  /** Records (or pushes) that were run through the changed mapping. */
  rerun: number
  same: number
  differs: number
  parks: number
  comesThrough: number
  parksOtherwise: number
  stillParked: number
  /** Of `differs` and `parks`: the mapping in use gives exactly the same by now; null: not known. */
  already: number | null
  fields: FieldGroup[]
  outcomes: OutcomeGroup[]
  /** Changes of fields that are not listed, because there are too many. */
  unlisted: number
  left: { why: LeftReason; records: number; examples: Subject[] }[]
}

const EXAMPLES = 5
const PAIRS = 5
const KEPT_PAIRS = 200
const MOST_GROUPS = 400

/** What is counted so far. Made by `createTally`, filled by `addVerdict`, read by `reportOf`. */
export interface Tally {
  /** Whether pairs of values are kept of a field. */
  shows(path: string): boolean
  counts: Record<Exclude<Verdict['as'], 'left'>, number>
  already: number | null
  unlisted: number
  fields: Map<string, { group: FieldGroup; pairs: Map<string, Pair> }>
  outcomes: Map<string, OutcomeGroup>
  left: Map<LeftReason, DiffReport['left'][number]>
}

/**
 * `values`: keep the values of fields that hold no personal data. Only documents have fields that are known: of
 * what is sent to others no value is kept.
 */
export function createTally({ values, documents }: { values: boolean; documents: boolean }): Tally {
  return {
    shows: (path) => values && documents && isPublicField(path),
    counts: {
      same: 0,
      differs: 0,
      parks: 0,
      'comes-through': 0,
      'parks-otherwise': 0,
      'still-parked': 0,
    },
    already: 0,
    unlisted: 0,
    fields: new Map(),
    outcomes: new Map(),
    left: new Map(),
  }
}

/** Counts one record or push. */
export function addVerdict(tally: Tally, subject: Subject, verdict: Verdict): void {
  if (verdict.as === 'left') {
    const entry = tally.left.get(verdict.why) ?? { why: verdict.why, records: 0, examples: [] }
    entry.records += 1
    addExample(entry.examples, subject)
    tally.left.set(verdict.why, entry)
    return
  }
  tally.counts[verdict.as] += 1
  if (verdict.as === 'differs') addChanges(tally, subject, verdict.changes)
  else if (verdict.as === 'parks') addOutcome(tally, subject, { ...verdict, was: null, now: verdict.code })
  else if (verdict.as === 'comes-through')
    addOutcome(tally, subject, { ...verdict, now: null, field: null, already: false })
  else if (verdict.as === 'parks-otherwise')
    addOutcome(tally, subject, { ...verdict, now: verdict.code, already: false })
}

/** True when every part of it is the work of the mapping in use; null where that is not known. */
function addAlready(tally: Tally, parts: (boolean | null)[]): void {
  if (tally.already === null || parts.includes(null)) tally.already = null
  else tally.already += Number(parts.every(Boolean))
}

function addChanges(tally: Tally, subject: Subject, changes: Judged[]): void {
  addAlready(
    tally,
    changes.map((c) => c.already),
  )
  for (const [key, alike] of Map.groupBy(changes, (c) => `${c.kind} ${c.path}`)) {
    const known = tally.fields.get(key)
    if (!known && tally.fields.size >= MOST_GROUPS) {
      tally.unlisted += alike.length
      continue
    }
    const { path, kind } = alike[0]!
    const pairs = tally.shows(path) ? [] : null
    const counted = known ?? {
      group: { path, kind, orders: 0, changes: 0, already: 0, examples: [], pairs, otherPairs: 0 },
      pairs: new Map(),
    }
    tally.fields.set(key, counted)
    const { group } = counted
    group.orders += 1
    group.changes += alike.length
    const before = alike.every((c) => c.already)
    group.already =
      group.already === null || alike[0]!.already === null ? null : group.already + Number(before)
    addExample(group.examples, subject)
    if (group.pairs) for (const change of alike) addPair(counted.pairs, change)
  }
}

function addPair(pairs: Map<string, Pair>, change: Change): void {
  const before = shown(change.before)
  const after = shown(change.after)
  const key = JSON.stringify([before, after])
  const pair = pairs.get(key) ?? { before, after, changes: 0 }
  if (pair.changes === 0 && pairs.size >= KEPT_PAIRS) return
  pair.changes += 1
  pairs.set(key, pair)
}

/** Single values as JSON; of anything larger the shape, for its parts may be personal. */
function shown(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return typeof value === 'object' ? shapeOf(value) : JSON.stringify(value)
}

function addOutcome(
  tally: Tally,
  subject: Subject,
  {
    as,
    was,
    now,
    field,
    already,
  }: Pick<OutcomeGroup, 'as' | 'was' | 'now' | 'field'> & { already: boolean | null },
): void {
  if (as === 'parks') addAlready(tally, [already])
  const key = JSON.stringify([as, was, now, field])
  const group = tally.outcomes.get(key) ?? { as, was, now, field, orders: 0, already: 0, examples: [] }
  if (group.orders === 0 && tally.outcomes.size >= MOST_GROUPS) {
    tally.unlisted += 1
    return
  }
  group.orders += 1
  group.already = group.already === null || already === null ? null : group.already + Number(already)
  addExample(group.examples, subject)
  tally.outcomes.set(key, group)
}

function addExample(examples: Subject[], subject: Subject): void {
  if (examples.length < EXAMPLES) examples.push(subject)
}

/** What was found so far: groups with the most orders first, in an order that does not depend on chance. */
export function reportOf(tally: Tally): DiffReport {
  const { counts } = tally
  const rerun = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const most = (a: { orders: number }, b: { orders: number }) => b.orders - a.orders
  return {
    rerun,
    same: counts.same,
    differs: counts.differs,
    parks: counts.parks,
    comesThrough: counts['comes-through'],
    parksOtherwise: counts['parks-otherwise'],
    stillParked: counts['still-parked'],
    already: tally.already,
    fields: [...tally.fields.values()]
      .map(withPairs)
      .sort((a, b) => most(a, b) || a.path.localeCompare(b.path) || a.kind.localeCompare(b.kind)),
    outcomes: [...tally.outcomes.values()].sort(most),
    unlisted: tally.unlisted,
    left: [...tally.left.values()].sort((a, b) => a.why.localeCompare(b.why)),
  }
}

function withPairs({ group, pairs }: { group: FieldGroup; pairs: Map<string, Pair> }): FieldGroup {
  if (!group.pairs) return group
  const commonest = [...pairs.values()].sort((a, b) => b.changes - a.changes).slice(0, PAIRS)
  return {
    ...group,
    pairs: commonest,
    otherPairs: group.changes - commonest.reduce((sum, p) => sum + p.changes, 0),
  }
}

/** True when anything in the ledger would be otherwise. */
export function hasDifferences(report: DiffReport): boolean {
  return report.differs + report.parks + report.comesThrough + report.parksOtherwise > 0
}
