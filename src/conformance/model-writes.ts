/** The writing side of the model remote: it stores documents, finds them by what a find asks for, and counts them. */
import { pick, textAt } from '../connector/dotted.ts'
import type { WriteManifest } from '../connector/manifest-write.ts'
import { parseJson } from '../core/json.ts'
import type { Captured, Seen } from './capture.ts'
import { failing, put, satisfying, successful } from './envelope.ts'
import type { ModelDocument, ModelParts, Reply } from './model-parts.ts'

const declaredOf = ({ manifest }: ModelParts, kind: string): WriteManifest =>
  (manifest.write as Record<string, WriteManifest>)[kind]!

const rulesOf = (parts: ModelParts, declared: WriteManifest) => [declared.codes, parts.manifest.http?.answer]

/** Stores what came; a remote that is `resend-safe` refuses a second document under one key. */
export function answerWrite(parts: ModelParts, kind: string, values: Captured, seen: Seen): Reply | null {
  const declared = declaredOf(parts, kind)
  const several = Array.isArray(values.documents) ? values.documents : null
  if (several && declared.results) return writeSeveral(parts, kind, declared, several, values)
  const sent = sentTree(values, seen)
  const key = keyOf(parts, declared, values, sent)
  const held = parts.state.documents.find((d) => d.kind === kind && d.key === key)
  // without a key the same bytes mean the same state of things, and doing so twice is doing it once
  const again = declared.class === 'resend-safe' && held && keyed(declared, values)
  if (again) return duplicate(parts, kind, declared)
  const document = (!keyed(declared, values) && held) || store(parts, { kind, key, sent, values })
  const recorded = parts.recorded(kind, 'write') ?? {}
  const view = viewOf(declared, document, pick(recorded, declared.answer))
  const tree = view && successful(put(recorded, declared.answer, view), rulesOf(parts, declared))
  return tree ? { status: 200, tree } : null
}

function sentTree(values: Captured, seen: Seen): unknown {
  if (seen.form) return { ...Object.fromEntries(seen.form), ...treeOf(values.document) }
  const parts = Object.entries(values).filter(([name]) => name.startsWith('document.'))
  const apart = parts.reduce<unknown>((tree, [name, value]) => put(tree, name.slice(9), value), null)
  return values.document ?? seen.json ?? apart ?? Object.fromEntries(seen.query)
}

const keyed = (declared: WriteManifest, values: Captured): boolean =>
  declared.class !== 'resend-safe' || declared.key !== undefined || values.key !== undefined

/** The push key in what came: where it was filled in, at its path, or under its name wherever the mapping put it. */
function keyOf(parts: ModelParts, declared: WriteManifest, values: Captured, sent: unknown): string {
  const at = textOf(values.key) ?? textAt(sent, declared.key) ?? textAt(values.document, declared.key)
  if (at !== null) return at
  if (keyed(declared, values))
    return (declared.key && named(sent, declared.key.split('.').at(-1)!)) || keyWithin(sent)
  // what differs at every call says nothing of the document
  const { form = {}, query = {} } = parts.manifest.http ?? {}
  const common = new Set([...Object.keys(form), ...Object.keys(query), 'sign'])
  return JSON.stringify(Object.entries(sent as object).filter(([name]) => !common.has(name)))
}

function named(tree: unknown, name: string): string | null {
  if (tree === null || typeof tree !== 'object') return null
  if (Object.hasOwn(tree, name)) return textOf((tree as Record<string, unknown>)[name])
  for (const inner of Object.values(tree)) {
    const found = named(inner, name)
    if (found !== null) return found
  }
  return null
}

/** A mapping may put the key where only it knows: the kit's own keys are told by their looks. */
const keyWithin = (sent: unknown): string => /KIT[A-Z]+\d{14,}/.exec(JSON.stringify(sent) ?? '')?.[0] ?? ''

/** Among parameters a document travels as JSON text. */
function treeOf(value: unknown): object {
  if (typeof value !== 'string') return (value ?? {}) as object
  const tree: unknown = value.startsWith('{') ? parseJson(value) : null
  return (tree ?? {}) as object
}

const textOf = (value: unknown): string | null =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : null

const holds = ({ state }: ModelParts, kind: string, key: string): boolean =>
  state.documents.some((d) => d.kind === kind && d.key === key)

function store(
  { state }: ModelParts,
  made: Pick<ModelDocument, 'kind' | 'key' | 'sent' | 'values'>,
): ModelDocument {
  state.written += 1
  const document = { ...made, id: String(7_000_000 + state.written), done: [] }
  state.documents.push(document)
  return document
}

function writeSeveral(
  parts: ModelParts,
  kind: string,
  declared: WriteManifest,
  several: unknown[],
  values: Captured,
): Reply | null {
  const { each, key: keyPath, answer } = declared.results!
  const rules = [answer ?? parts.manifest.http?.answer]
  const results = several.map((sent) => {
    const key = textAt(sent, declared.key) ?? ''
    const again = declared.class === 'resend-safe' && holds(parts, kind, key)
    if (again) return under(failing(rules, duplicateCode(declared, rules) ?? ''), keyPath, key)
    const view = viewOf(declared, store(parts, { kind, key, sent, values }), {})
    return under(successful(put({}, declared.answer, view), rules), keyPath, key)
  })
  if (results.includes(null)) return null
  const tree = successful(put(parts.recorded(kind, 'write') ?? {}, each, results), rulesOf(parts, declared))
  return tree === null ? null : { status: 200, tree }
}

const under = (tree: unknown | null, path: string | undefined, key: string) =>
  tree !== null && path ? put(tree, path, key) : tree

/** The first code that the declaration takes for "the key is there", or for "it was done before". */
function duplicateCode(
  declared: WriteManifest,
  rules: (WriteManifest['codes'] | undefined)[],
): string | null {
  const codes = [declared.codes, ...rules].flatMap((r) => Object.entries(r?.codes ?? {}))
  return codes.find(([, r]) => r === 'duplicate' || r === 'done')?.[0].replace('*', '') ?? null
}

/** As recorded, or by its code or status; a plain 409 where nothing is declared for it. */
function duplicate(parts: ModelParts, kind: string, declared: WriteManifest): Reply {
  const recorded = parts.fixture(kind, 'duplicate')
  if (recorded) return { status: recorded.response.status, tree: recorded.response.body }
  const rules = rulesOf(parts, declared)
  const code = duplicateCode(declared, rules)
  const tree = code === null ? null : failing(rules, code)
  if (tree !== null) return { status: 200, tree }
  const errors = Object.entries(parts.manifest.http?.errors ?? {})
  const status = errors.find(([, reaction]) => reaction === 'duplicate')?.[0]
  return { status: status ? Number(status.replace('xx', '09')) : 409, tree: {} }
}

/** The document as the remote shows it; null where a state cannot be told from the declaration. */
export function viewOf(declared: WriteManifest, document: ModelDocument, like: unknown): unknown | null {
  const { remote, check, steps = [] } = declared
  const finished = document.done.length === steps.length
  let view: unknown = like !== null && typeof like === 'object' && !Array.isArray(like) ? like : {}
  if (declared.key) view = put(view, declared.key, document.key)
  for (const name of ['number', 'total'] as const)
    if (remote?.[name])
      view = put(view, remote[name], pick(document.sent, check?.[name] ?? remote[name]) ?? null)
  if (remote?.lines) view = put(view, remote.lines, pick(document.sent, check?.lines ?? remote.lines) ?? [])
  if (remote?.state && remote.final) view = put(view, remote.state, finished ? remote.final[0] : 'kit-open')
  for (const [i, step] of steps.entries()) {
    if (view === null) return null
    view = satisfying(view, step.done, document.done.includes(i))
  }
  // an id that is made of what was sent stands in no answer
  return view === null || remote?.id.startsWith('{') ? view : put(view, remote?.id ?? 'id', document.id)
}

/** What a write told of the part that a find names; null where it did not say. */
const partOf = ({ sent, values }: ModelDocument, name: string): string | null =>
  textAt(sent, name.slice('document.'.length)) ?? textOf(values[name])

/** Filtered by what the call filled in: the key, and parts of the document. */
export function answerFind(parts: ModelParts, kind: string, values: Captured): Reply | null {
  const declared = declaredOf(parts, kind)
  const asked = Object.entries(values).filter(([name]) => name === 'key' || name.startsWith('document.'))
  const hits = parts.state.documents.filter(
    (d) =>
      d.kind === kind &&
      asked.every(([name, value]) =>
        name === 'key' ? d.key === value : (partOf(d, name) ?? value) === value,
      ),
  )
  // what the expression picks out cannot be made, only recorded
  if (declared.find!.hits !== undefined) {
    const tree = parts.recorded(kind, hits.length > 0 ? 'find' : 'absent')
    return tree === undefined ? null : { status: 200, tree }
  }
  const recorded = parts.recorded(kind, 'find') ?? {}
  const like = pick(recorded, declared.find!.each)
  const views = hits.map((d) => viewOf(declared, d, Array.isArray(like) ? like[0] : {}))
  if (views.includes(null)) return null
  if (declared.find!.each === undefined) return { status: 200, tree: views }
  const tree = successful(put(recorded, declared.find!.each, views), rulesOf(parts, declared))
  return tree === null ? null : { status: 200, tree }
}

/** `read`, a step and `discard`, all by the remote's own id. */
export function answerById(
  parts: ModelParts,
  kind: string,
  what: 'read' | 'discard' | number,
  values: Captured,
): Reply | null {
  const declared = declaredOf(parts, kind)
  const id = textOf(values.id) ?? textAt(values, 'found.id')
  const document = parts.state.documents.find((d) => d.id === id)
  if (!document) return { status: 404, tree: {} }
  if (what === 'discard') {
    parts.state.documents.splice(parts.state.documents.indexOf(document), 1)
    return { status: 200, tree: successful({}, rulesOf(parts, declared)) ?? {} }
  }
  if (typeof what === 'number' && !document.done.includes(what)) document.done.push(what)
  const place = what === 'read' ? declared.read!.each : declared.answer
  const view = viewOf(declared, document, {})
  const tree = view && (place === undefined ? view : put({}, place, view))
  const good = tree && successful(tree, rulesOf(parts, declared))
  return good ? { status: 200, tree: good } : null
}
