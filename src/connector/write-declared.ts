/**
 * Writes as the manifest declares them: one call for the document (or several in one), a call that finds it by its key,
 * steps that finish it with a test each that it is done, a call that deletes a surplus draft.
 */

import { parseJsonBytes } from '../core/json.ts'
import type { FindAnswer, Outcome, Remote } from '../core/outcome.ts'
import type { Rendered, WriteItem, WriteOperation } from '../core/ports.ts'
import { compileExpression, type Expression } from '../expression/compile.ts'
import { type Failed, outcomeOfReaction } from './answer.ts'
import { type Answered, type Caller, outcomeOfAnswered } from './caller.ts'
import { pick, textAt } from './dotted.ts'
import type { Tools } from './hooks.ts'
import { HITS_VARIABLES } from './manifest-values.ts'
import type { StepManifest, WriteManifest } from './manifest-write.ts'
import { countOf, remoteOf } from './remote.ts'
import type { Payload } from './request.ts'
import { namesIn } from './template.ts'
import type { Judge } from './verdict.ts'

type Declared = Pick<WriteOperation, 'render' | 'write' | 'find' | 'advance' | 'discard'>

interface Step {
  call: StepManifest
  done: Expression
}

interface Operation {
  declared: WriteManifest
  tools: Tools
  caller: Caller
  judge: Judge
  steps: Step[]
  /** What picks our documents out of the answer of a find. */
  hits: Expression | null
  /** The documents that answers and finds gave, by what was made of them. */
  seen: WeakMap<Remote, unknown>
}

interface Found {
  remote: Remote
  document: unknown
}

const NO_ADDRESS: Failed = Object.freeze({
  kind: 'not-done',
  code: 'NO_ADDRESS',
  message: 'no address to write to is set',
  pause: true,
})

/** What a connector without hooks does; without `http` only rendering is left. */
export function declaredOperation(declared: WriteManifest, tools: Tools, caller: Caller | null): Declared {
  const render: Declared['render'] = (document, context) => renderDocument(declared, tools, document, context)
  if (!caller) return { render, write: async (items) => items.map(() => NO_ADDRESS) }
  const steps = (declared.steps ?? []).map((call) => ({ call, done: compileExpression(call.done) }))
  const judge = caller.judge(declared.codes)
  const hits = declared.find?.hits
    ? compileExpression(declared.find.hits, { variables: HITS_VARIABLES })
    : null
  const operation: Operation = { declared, tools, caller, judge, steps, hits, seen: new WeakMap() }
  return {
    render,
    write: (items, signal) => writeItems(operation, items, signal),
    ...(declared.find ? { find: (item, signal) => find(operation, item, signal) } : {}),
    ...(steps.length > 0
      ? { advance: (item, remote, signal) => advance(operation, item, remote, signal) }
      : {}),
    ...(declared.discard
      ? { discard: (item, remote, signal) => discard(operation, item, remote, signal) }
      : {}),
  }
}

async function renderDocument(
  declared: WriteManifest,
  tools: Tools,
  document: unknown,
  context: { key: string; revision: number; previous: Remote | null },
): Promise<Rendered> {
  const { value, version } = await tools.map(declared.mapping!, document, context)
  const body = declared.key ? withKey(value, declared.key, context.key) : value
  return {
    body: Buffer.from(JSON.stringify(body)),
    contentType: 'application/json',
    mappingVersion: version,
    check: {
      number: textAt(body, declared.check?.number),
      total: textAt(body, declared.check?.total),
      lines: declared.check?.lines ? countOf(pick(body, declared.check.lines)) : null,
    },
  }
}

/** Puts the push key where the remote keeps it, unless the mapping already did. */
function withKey(value: unknown, path: string, key: string): unknown {
  if (textAt(value, path) !== null) return value
  const [first, ...rest] = path.split('.')
  const object = { ...(value as Record<string, unknown>) }
  object[first!] = rest.length > 0 ? withKey(object[first!] ?? {}, rest.join('.'), key) : key
  return object
}

async function writeItems(operation: Operation, items: WriteItem[], signal: AbortSignal): Promise<Outcome[]> {
  if (operation.declared.results) return writeTogether(operation, items, signal)
  return Promise.all(items.map((item) => guarded(operation, () => writeOne(operation, item, signal))))
}

/** The answer's document is the proof. */
async function writeOne(operation: Operation, item: WriteItem, signal: AbortSignal): Promise<Outcome> {
  const { declared, caller, judge } = operation
  const values = valuesOf(item)
  const payload = payloadOf(declared, values.document, item)
  const answered = await caller.send({ call: declared, values, payload, judge, signal })
  const failed = outcomeOfAnswered(answered)
  if (failed) return failed
  const document = pick(answered.value, declared.answer)
  const remote = remoteOf(declared, document, values)
  if (remote) {
    operation.seen.set(remote, document)
    return { kind: 'done', remote }
  }
  const id = declared.remote?.id ?? 'id'
  return { kind: 'unknown', code: 'NO_ID', message: `HTTP ${answered.answer.status} without ${id}` }
}

/** Null where a template of the call names the document. */
function payloadOf(declared: WriteManifest, document: unknown, item: WriteItem): Payload | null {
  const named = namesIn(JSON.stringify([declared.query, declared.form, declared.json, declared.xml]))
  if (named.some((name) => /^documents?(\.|$)/.test(name))) return null
  const { as = 'json' } = declared
  if (as === 'json') return { as, bytes: item.body }
  return { as, members: document as Record<string, unknown> }
}

/** One request for several documents; a result for each of them. */
async function writeTogether(
  operation: Operation,
  items: WriteItem[],
  signal: AbortSignal,
): Promise<Outcome[]> {
  const { declared, caller } = operation
  const documents = items.map((item) => parseJsonBytes(item.body))
  let answered: Answered
  try {
    const values = { documents, document: documents[0], key: items[0]!.key, revision: items[0]!.revision }
    answered = await caller.send({ call: declared, values, judge: operation.judge, signal })
  } catch (error) {
    const failed = operation.tools.failed(error)
    return items.map(() => failed)
  }
  const failed = outcomeOfAnswered(answered)
  const results = pick(answered.value, declared.results!.each)
  // A failure of the whole may still hold what became of each.
  if (failed && !Array.isArray(results)) return items.map(() => failed)
  const list = Array.isArray(results) ? results : []
  const { key } = declared.results!
  return items.map((item, i) => {
    const mine = key ? list.find((result) => textAt(result, key) === item.key) : list[i]
    return mine === undefined ? (failed ?? lost(item)) : resultOf(operation, mine, item)
  })
}

const lost = (item: WriteItem): Failed => ({
  kind: 'unknown',
  code: 'NO_RESULT',
  message: `the answer has no result for ${item.key}`,
})

function resultOf({ declared, caller }: Operation, result: unknown, item: WriteItem): Outcome {
  const verdict = caller.judge(declared.results!.answer)(200, result)
  const remote = remoteOf(declared, pick(result, declared.answer), valuesOf(item))
  if (verdict.ok || verdict.reaction === 'done')
    return remote
      ? { kind: 'done', remote }
      : { kind: 'unknown', code: 'NO_ID', message: 'a result without an id' }
  return outcomeOfReaction(verdict.reaction, verdict)
}

/** What the remote holds under the key; `found` are its documents as they came. */
async function ask(operation: Operation, item: WriteItem, signal: AbortSignal): Promise<Asked> {
  const { declared, caller, judge, hits } = operation
  const values = valuesOf(item)
  const answered = await caller.send({ call: declared.find!, values, judge, signal })
  if (!answered.verdict.ok && answered.verdict.reaction === 'absent') return { found: [] }
  const failed = outcomeOfAnswered(answered)
  if (failed) return { failed }
  if (hits) {
    const found = hits(answered.value, { document: values.document, key: values.key })
    return holding(operation, [found ?? []].flat(), values)
  }
  const each = pick(answered.value, declared.find!.each)
  // XML has no lists of one
  const list = isXml(answered) && isTree(each) ? [each] : each
  if (!Array.isArray(list))
    return { failed: unreadable(`${declared.find!.each ?? 'the answer'} is not a list`) }
  // A search by part of a text must not bind a stranger: only the very key counts.
  const mine = list.filter((d) => !declared.key || textAt(d, declared.key) === item.key)
  return holding(operation, mine, values)
}

const isXml = ({ answer }: Answered): boolean => answer.body[0] === 60
const isTree = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The same by the remote's own id, where the manifest says how. */
async function look(
  operation: Operation,
  item: WriteItem,
  remote: Remote,
  signal: AbortSignal,
): Promise<Asked> {
  const { declared, caller, judge } = operation
  if (!declared.read) return ask(operation, item, signal)
  const values = { ...valuesOf(item), id: remote.id, number: remote.number }
  const answered = await caller.send({ call: declared.read, values, judge, signal })
  const failed = outcomeOfAnswered(answered)
  return failed ? { failed } : holding(operation, [pick(answered.value, declared.read.each)], values)
}

type Sent = ReturnType<typeof valuesOf>
type Asked = { failed: Failed } | { found: Found[] }

/** Where there are steps, they alone say whether a document is final. */
function holding({ declared, steps, seen }: Operation, documents: unknown[], sent: Sent): Asked {
  const found: Found[] = []
  for (const document of documents) {
    const remote = remoteOf(declared, document, sent)
    if (!remote) return { failed: unreadable(`a document without ${declared.remote?.id ?? 'id'}`) }
    const finished = steps.every((step) => step.done(document) === true)
    const state = steps.length === 0 || declared.remote?.final ? remote.state : finished ? 'final' : 'draft'
    const stated: Remote = { ...remote, state }
    seen.set(stated, document)
    found.push({ remote: stated, document })
  }
  return { found }
}

const valuesOf = (item: WriteItem) => ({
  document: parseJsonBytes(item.body),
  key: item.key,
  revision: item.revision,
})

const unreadable = (message: string): Failed => ({ kind: 'unknown', code: 'UNREADABLE', message })

async function find(operation: Operation, item: WriteItem, signal: AbortSignal): Promise<FindAnswer> {
  try {
    const answer = await ask(operation, item, signal)
    return 'failed' in answer ? answer : { hits: answer.found.map((f) => f.remote) }
  } catch (error) {
    return { failed: operation.tools.failed(error) }
  }
}

/**
 * Does the steps that are not done. A refusal may only mean that an earlier attempt, whose answer was lost, did it: then
 * the document is looked at again before the refusal is believed.
 */
function advance(
  operation: Operation,
  item: WriteItem,
  remote: Remote,
  signal: AbortSignal,
): Promise<Outcome> {
  return guarded(operation, async () => {
    let now: Found = { remote, document: operation.seen.get(remote) }
    if (now.document === undefined) {
      const looked = await look(operation, item, remote, signal)
      if ('failed' in looked) return looked.failed
      const same = looked.found.find((f) => f.remote.id === remote.id)
      if (!same) return unreadable('the document is not found any more')
      now = same
    }
    for (const step of operation.steps) {
      if (step.done(now.document) === true) continue
      const after = await doStep(operation, item, now, step, signal)
      if ('kind' in after) return after
      now = after
    }
    const { declared } = operation
    const state = declared.remote?.final ? remoteOf(declared, now.document)?.state : 'final'
    if (state === 'draft')
      return { kind: 'unknown', code: 'STILL_DRAFT', message: 'still a draft after its last step' }
    return { kind: 'done', remote: { ...now.remote, state: 'final' } }
  })
}

/** What the remote holds after the step: its answer's document, where it has one. */
async function doStep(
  operation: Operation,
  item: WriteItem,
  now: Found,
  step: Step,
  signal: AbortSignal,
): Promise<Found | Failed> {
  const { caller, judge, declared } = operation
  const { id, number } = now.remote
  const values = { ...valuesOf(item), id, number, found: now.document }
  const answered = await caller.send({ call: step.call, values, judge, signal })
  const failed = outcomeOfAnswered(answered)
  if (failed?.kind === 'refused') {
    const looked = await look(operation, item, now.remote, signal)
    const same = 'found' in looked ? looked.found.find((f) => f.remote.id === id) : undefined
    return same && step.done(same.document) === true ? same : failed
  }
  if (failed) return failed
  const document = pick(answered.value, declared.answer)
  const remote = remoteOf(declared, document)
  return remote?.id === id ? { remote: { ...now.remote, ...remote }, document } : now
}

/** Deletes a draft; one that is gone already is as good as deleted. */
function discard(
  operation: Operation,
  item: WriteItem,
  remote: Remote,
  signal: AbortSignal,
): Promise<Outcome> {
  const { declared, caller, judge } = operation
  return guarded(operation, async () => {
    const values = { ...valuesOf(item), id: remote.id, number: remote.number }
    const answered = await caller.send({ call: declared.discard!, values, judge, signal })
    const { status } = answered.answer
    const gone =
      status === 404 || status === 410 || (!answered.verdict.ok && answered.verdict.reaction === 'absent')
    return (gone ? null : outcomeOfAnswered(answered)) ?? { kind: 'done', remote }
  })
}

async function guarded({ tools }: Operation, call: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await call()
  } catch (error) {
    return tools.failed(error)
  }
}
