/**
 * What can be known of a mapping before a record goes through it: money computed with floats, paths that no
 * sample has, fields that the document does not have, names that nothing defines or uses.
 */
import { parse } from '../expression/ast.ts'
import {
  type DocumentField,
  documentFields,
  documentShape,
  type FieldType,
  sampleShape,
} from './document-shape.ts'
import { applyShape } from './lint-call.ts'
import { look } from './lint-expression.ts'
import { checkMoney } from './lint-money.ts'
import { isMoneyName } from './lint-path.ts'
import { type Lint, type MappingFinding, near, type Place, report, scopeIn } from './lint-report.ts'
import type { ReadMapping } from './read.ts'
import { either, objectOf, type Scope, type Shape, TEXT, UNKNOWN, WHOLE } from './shape.ts'
import type { FieldNode } from './source.ts'

export type { MappingFinding } from './lint-report.ts'

/** Bundled mappings take at most some thousands. */
const MOST_NODES = 100_000

/**
 * All complaints about a mapping that could be read, in the order of the file. `samples`: inputs as the source
 * sends them; they say which paths there are. A mapping that reads one of our documents needs none. Throws nothing
 * but internal errors.
 */
export function lintMapping(read: ReadMapping, samples: readonly unknown[] = []): MappingFinding[] {
  const document = documentShape(read.from)
  const sampled = sampleShape(samples)
  // What goes out may carry more than the document: a shipment its parcel and its order's numbers.
  const root = document && sampled ? either(document, sampled) : (document ?? sampled ?? UNKNOWN)
  const lint: Lint = {
    file: read.file,
    root,
    whose: document
      ? { en: `the document "${read.from}"`, zh: `单据“${read.from}”` }
      : { en: 'any input of the test file', zh: '测试文件的输入' },
    moneyByName: document === null,
    minorUnits: sampled !== null && wholeAmounts(sampled),
    findings: [],
    told: new Set(),
    paths: new Set(),
    lambdas: [],
    applied: new Set(),
    look: (node, at) => look(lint, node, at),
    left: MOST_NODES,
  }
  const top: Place = { input: root, scope: contextScope(), home: read.whole.fields, depth: 0 }
  const fields = documentFields(read.to)
  const target: Target = fields ? { type: 'object', fields, document: read.to } : ANYTHING
  withVariables(lint, read.whole.variables, top, (place) => lintNode(lint, read.whole.fields, place, target))
  callTheRest(lint)
  if (lint.left < 0) report(lint, 'warning', 'MAPPING_UNFINISHED', read.whole.fields, {}, 'key')
  return lint.findings.sort((a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column)
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** True when no amount in the samples has a fraction: then the source counts in minor units. */
function wholeAmounts(shape: Shape): boolean {
  return [...shape.fields].every(([name, one]) =>
    one.fields.size > 0
      ? wholeAmounts(one)
      : !isMoneyName(name) || one.number === 'whole' || one.number === 'none',
  )
}

function contextScope(): Scope {
  const company = objectOf(
    new Map([
      ['zone', TEXT],
      ['currency', TEXT],
    ]),
  )
  const push = objectOf(
    new Map([
      ['key', TEXT],
      ['revision', WHOLE],
      [
        'previous',
        objectOf(
          new Map([
            ['id', TEXT],
            ['number', TEXT],
            ['state', TEXT],
          ]),
        ),
      ],
    ]),
  )
  const scope = scopeIn(null)
  scope.names = new Map<string, Shape>([
    ['settings', UNKNOWN],
    ['connection', TEXT],
    ['entity', TEXT],
    ['company', company],
    ['push', push],
  ])
  return scope
}

/** What a node of the file fills. `fields` null: anything goes. */
interface Target {
  type: FieldType | null
  fields: DocumentField[] | null
  document: string
}

const ANYTHING: Target = { type: null, fields: null, document: '' }

function lintNode(lint: Lint, node: FieldNode, at: Place, target: Target): Shape {
  const { value } = node
  if (typeof value === 'string') {
    const shape = look(lint, parse(value), { ...at, home: node })
    checkMoney(lint, node, shape, target.type === 'object' || target.type === 'list' ? null : target.type)
    return shape
  }
  if (Array.isArray(value)) {
    return value.map((one) => lintNode(lint, one, at, target)).reduce(either, objectOf(new Map()))
  }
  if (!(value instanceof Map)) return typeof value === 'number' ? WHOLE : objectOf(new Map())
  return lintMap(lint, node, value, at, target)
}

function lintMap(
  lint: Lint,
  node: FieldNode,
  map: Map<string, FieldNode>,
  outer: Place,
  target: Target,
): Shape {
  const steer = (key: string, at: Place): Shape | null => {
    const found = map.get(key)
    if (!found) return null
    return typeof found.value === 'string' ? look(lint, parse(found.value), { ...at, home: found }) : UNKNOWN
  }
  const item = { ...outer, input: steer('$each', outer) ?? outer.input }
  return withVariables(lint, map.get('$let') ?? null, item, (at) => {
    steer('$if', at)
    const made = map.has('$value')
      ? lintNode(lint, map.get('$value')!, at, target)
      : lintFields(lint, node, map, at, target)
    const fallback = map.get('$default')
    return fallback ? either(made, lintNode(lint, fallback, at, target)) : made
  })
}

/** Fields that the pipe fills in, though a mapping may. */
const FILLED_IN = ['connection', 'entity']

function lintFields(
  lint: Lint,
  node: FieldNode,
  map: Map<string, FieldNode>,
  at: Place,
  target: Target,
): Shape {
  const names = [...map.keys()].filter((name) => !name.startsWith('$'))
  const made = new Map<string, Shape>()
  const known = target.fields ?? []
  for (const name of names) {
    const below = map.get(name)!
    const found = known.find((f) => f.name === name)
    if (target.fields && !found && !FILLED_IN.includes(name)) fieldUnknown(lint, below, name, target)
    made.set(name, lintNode(lint, below, at, found ? targetOf(found, target.document) : ANYTHING))
  }
  const absent = known.filter((f) => f.required && !map.has(f.name)).map((f) => f.name)
  if (absent.length > 0) fieldsAbsent(lint, node, absent, target)
  return objectOf(made)
}

function fieldsAbsent(lint: Lint, node: FieldNode, names: string[], { document }: Target): void {
  const above = node.path.slice(1).filter((step) => typeof step === 'string')
  const field = names.map((name) => [...above, name].join('.')).join(', ')
  report(lint, 'warning', 'MAPPING_FIELD_ABSENT', node, { field, document }, 'key')
}

function targetOf({ type, fields }: DocumentField, document: string): Target {
  return { type, fields: fields.length > 0 ? fields : null, document }
}

function fieldUnknown(lint: Lint, node: FieldNode, name: string, { fields, document }: Target): void {
  const allowed = fields!.map((f) => f.name)
  const field = node.path.slice(1).join('.')
  const detail = { field, document, allowed: allowed.join(', '), near: near(name, allowed) }
  report(lint, 'error', 'MAPPING_FIELD_UNKNOWN', node, detail, 'key')
}

/** Variables are computed in order, before what uses them; all their names are known to each, as functions may be. */
function withVariables(
  lint: Lint,
  variables: FieldNode | null,
  outer: Place,
  body: (at: Place) => Shape,
): Shape {
  if (!(variables?.value instanceof Map)) return body(outer)
  const scope = scopeIn(outer.scope)
  const at = { ...outer, scope }
  for (const name of variables.value.keys()) scope.names.set(name, UNKNOWN)
  for (const [name, node] of variables.value) scope.names.set(name, lintNode(lint, node, at, VARIABLE))
  const made = body(at)
  callTheRest(lint)
  for (const [name, node] of variables.value) {
    // What a mapping takes over by extends may be there for fields that it has replaced.
    if (!scope.used.has(name) && lint.left >= 0 && node.file.file === lint.file) {
      report(lint, 'warning', 'MAPPING_LET_UNUSED', node, { name }, 'key')
    }
  }
  return made
}

/** What nothing called may still be wrong, and uses variables. */
function callTheRest(lint: Lint): void {
  for (const closure of lint.lambdas) {
    if (!lint.applied.has(closure.node)) applyShape(lint, { ...UNKNOWN, closure }, [], { depth: 0 })
  }
}

/** A variable is no field: what becomes of it is seen where it is used. */
const VARIABLE: Target = { type: 'text', fields: null, document: '' }
