/**
 * Documents to write, declared or by hook. The declared form is plain REST: POST a JSON document, find it by
 * key with a GET list, confirm and delete drafts by id.
 */
import { connectorError } from '../core/errors/connector.ts'
import { shapePhrase } from '../core/errors/error.ts'
import type { FindAnswer, Outcome, Remote } from '../core/outcome.ts'
import type { DocumentKind, Rendered, WriteItem, WriteOperation } from '../core/ports.ts'
import { sabotaged } from '../core/sabotage.ts'
import { parseDuration } from '../core/time.ts'
import type { Tools, WriteHooks } from './hooks.ts'
import type { WriteManifest } from './manifest.ts'
import { fillPath, fillText, pick, textAt } from './settings.ts'

const JSON_TYPE = { 'Content-Type': 'application/json' }

/** One operation of a connection. `mapping` is what `render` uses where no hook renders. */
export function openWrite(
  kind: DocumentKind,
  declared: WriteManifest,
  hooks: WriteHooks,
  tools: Tools,
): WriteOperation {
  const rest = restOperation(declared, tools)
  const { render, write } = hooks
  const find = hooks.find ? bind(hooks.find, tools) : rest.find
  const advance = hooks.advance
    ? (item: WriteItem, remote: Remote, signal: AbortSignal) => hooks.advance!(item, remote, tools, signal)
    : rest.advance
  const discard = hooks.discard
    ? (item: WriteItem, remote: Remote, signal: AbortSignal) => hooks.discard!(item, remote, tools, signal)
    : rest.discard
  return {
    kind,
    class: declared.class,
    batch: declared.batch ?? 1,
    settle: sabotaged('settle-zero') ? 0 : settleOf(declared, tools),
    timeout: parseDuration(declared.timeout ?? '30s'),
    drafts: declared.drafts ?? false,
    acknowledged: declared.acknowledged ?? false,
    acknowledgeWithin: parseDuration(declared.acknowledgeWithin ?? '1d'),
    render: (document, context) =>
      render ? render(document, context, tools) : rest.render(document, context),
    write: (items, signal) => (write ? write(items, tools, signal) : rest.write(items, signal)),
    ...(find ? { find } : {}),
    ...(advance ? { advance } : {}),
    ...(discard ? { discard } : {}),
  }
}

function settleOf(declared: WriteManifest, tools: Tools): number {
  const template = declared.settle ?? '30s'
  const text = fillText(template, tools.settings)
  try {
    return parseDuration(text)
  } catch (error) {
    throw connectorError(
      'CONNECTOR_SETTING_VALUE',
      {
        connection: tools.connection,
        setting: template.replace(/[{}]/g, ''),
        expected: { en: 'a duration like 500ms, 30s or 5m', zh: '时长，例如 500ms、30s 或 5m' },
        found: shapePhrase(text),
        description: {
          en: 'how long after an attempt a find counts as absent',
          zh: '一次尝试之后多久，查询为空才算不存在',
        },
      },
      error,
    )
  }
}

function bind(find: NonNullable<WriteHooks['find']>, tools: Tools): NonNullable<WriteOperation['find']> {
  return (item, signal) => find(item, tools, signal)
}

type Rest = Pick<WriteOperation, 'render' | 'write' | 'find' | 'advance' | 'discard'>

function restOperation(declared: WriteManifest, tools: Tools): Rest {
  const find = declared.find ? restFind(declared, tools) : undefined
  return {
    render: (document, context) => restRender(declared, tools, document, context),
    write: (items, signal) => Promise.all(items.map((item) => restWrite(declared, tools, item, signal))),
    ...(find ? { find } : {}),
    ...(declared.confirm
      ? { advance: (item, remote, signal) => restConfirm(declared, tools, find, item, remote, signal) }
      : {}),
    ...(declared.discard
      ? { discard: (_item, remote, signal) => restDiscard(declared, tools, remote, signal) }
      : {}),
  }
}

async function restRender(
  declared: WriteManifest,
  tools: Tools,
  document: unknown,
  context: { key: string; revision: number },
): Promise<Rendered> {
  const { value, version } = await tools.map(declared.mapping!, document, context)
  const body = declared.key ? withKey(value, declared.key, context.key) : value
  const lines = pick(body, declared.check?.lines ?? '?')
  return {
    body: Buffer.from(JSON.stringify(body)),
    contentType: 'application/json',
    mappingVersion: version,
    check: {
      number: textAt(body, declared.check?.number),
      total: textAt(body, declared.check?.total),
      lines: countOf(lines),
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

const countOf = (lines: unknown): number | null =>
  Array.isArray(lines) ? lines.length : typeof lines === 'number' ? lines : null

/** One POST (or PUT); the answer's document is the proof. */
async function restWrite(
  declared: WriteManifest,
  tools: Tools,
  item: WriteItem,
  signal: AbortSignal,
): Promise<Outcome> {
  return guarded(tools, async () => {
    const path = fillPath(declared.post ?? declared.put!, tools.settings, { key: item.key })
    const method = declared.post ? 'POST' : 'PUT'
    const answer = await tools.http({ method, path, headers: JSON_TYPE, body: item.body, signal })
    const failed = tools.outcome(answer)
    if (failed) return failed
    const remote = remoteOf(declared, pick(tools.json(answer.body), declared.answer))
    if (remote) return { kind: 'done', remote }
    return {
      kind: 'unknown',
      code: 'NO_ID',
      message: `HTTP ${answer.status} without ${declared.remote?.id ?? 'id'}`,
    }
  })
}

function restFind(declared: WriteManifest, tools: Tools): NonNullable<WriteOperation['find']> {
  return async (item, signal): Promise<FindAnswer> => {
    try {
      const path = fillPath(declared.find!.get, tools.settings, { key: item.key })
      const answer = await tools.http({ method: 'GET', path, signal })
      const failed = tools.outcome(answer)
      if (failed) return { failed }
      const list = pick(tools.json(answer.body), declared.find!.each)
      if (!Array.isArray(list))
        return { failed: unreadable(`${declared.find!.each ?? 'the answer'} is not a list`) }
      // A search by part of a text must not bind a stranger: only the very key counts.
      const mine = list.filter((d) => !declared.key || textAt(d, declared.key) === item.key)
      const hits = mine.map((d) => remoteOf(declared, d))
      if (hits.includes(null))
        return { failed: unreadable(`a document without ${declared.remote?.id ?? 'id'}`) }
      return { hits: hits as Remote[] }
    } catch (error) {
      return { failed: tools.failed(error) }
    }
  }
}

const unreadable = (message: string) => ({ kind: 'unknown', code: 'UNREADABLE', message }) as const

/**
 * Confirms a draft. A refusal may only mean that an earlier confirm, whose answer was lost, did it: then the
 * document is looked at again before the refusal is believed.
 */
async function restConfirm(
  declared: WriteManifest,
  tools: Tools,
  find: WriteOperation['find'],
  item: WriteItem,
  remote: Remote,
  signal: AbortSignal,
): Promise<Outcome> {
  if (remote.state === 'final') return { kind: 'done', remote }
  return guarded(tools, async () => {
    const path = fillPath(declared.confirm!.post, tools.settings, { id: remote.id ?? '', key: item.key })
    const answer = await tools.http({ method: 'POST', path, headers: JSON_TYPE, body: '{}', signal })
    const failed = tools.outcome(answer)
    if (failed === null) {
      const stated = remoteOf(declared, pick(tools.json(answer.body), declared.answer))
      if (stated?.state === 'draft')
        return { kind: 'unknown', code: 'STILL_DRAFT', message: 'still a draft after confirming' }
      return { kind: 'done', remote: { ...remote, ...stated, state: 'final' } }
    }
    if (failed.kind !== 'refused' || !find) return failed
    const found = await find(item, signal)
    const now = 'hits' in found ? found.hits.find((hit) => hit.id === remote.id) : undefined
    return now?.state === 'final' ? { kind: 'done', remote: now } : failed
  })
}

/** Deletes a draft; one that is gone already is as good as deleted. */
async function restDiscard(
  declared: WriteManifest,
  tools: Tools,
  remote: Remote,
  signal: AbortSignal,
): Promise<Outcome> {
  return guarded(tools, async () => {
    const path = fillPath(declared.discard!.delete, tools.settings, { id: remote.id ?? '' })
    const answer = await tools.http({ method: 'DELETE', path, signal })
    if (answer.status === 404 || answer.status === 410) return { kind: 'done', remote }
    return tools.outcome(answer) ?? { kind: 'done', remote }
  })
}

/** A remote's document as the push protocol compares it, or null when it has no id. */
function remoteOf(declared: WriteManifest, document: unknown): Remote | null {
  const at = declared.remote ?? { id: 'id' }
  const id = textAt(document, at.id)
  if (id === null) return null
  const state = textAt(document, at.state)
  return {
    id,
    number: textAt(document, at.number),
    state:
      at.final && state !== null
        ? at.final.includes(state)
          ? 'final'
          : 'draft'
        : declared.drafts
          ? 'draft'
          : 'final',
    total: textAt(document, at.total),
    lines: at.lines ? countOf(pick(document, at.lines)) : null,
  }
}

async function guarded(tools: Tools, call: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await call()
  } catch (error) {
    return tools.failed(error)
  }
}

/** What a write declaration (with the names of its hooks) still lacks to be usable; empty when complete. */
export function lacking(declared: WriteManifest, hooks: WriteHooks): string[] {
  const lacks: string[] = []
  if (!hooks.render && !declared.mapping) lacks.push('mapping (or a render hook)')
  if (!hooks.write && !declared.post && !declared.put) lacks.push('post or put (or a write hook)')
  if (declared.class === 'find' && !hooks.find && !declared.find) lacks.push('find (or a find hook)')
  if (declared.drafts && !hooks.advance && !declared.confirm) lacks.push('confirm (or an advance hook)')
  if (declared.drafts && !hooks.discard && !declared.discard) lacks.push('discard (or a discard hook)')
  if (declared.batch && declared.batch > 1 && !hooks.write) lacks.push('a write hook, which batch needs')
  return lacks
}
