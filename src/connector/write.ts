/** Documents to write: what the manifest declares (write-declared.ts), replaced by hooks where there are any. */
import { connectorError } from '../core/errors/connector.ts'
import { shapePhrase } from '../core/errors/error.ts'
import type { Remote } from '../core/outcome.ts'
import type { DocumentKind, WriteItem, WriteOperation } from '../core/ports.ts'
import { sabotaged } from '../core/sabotage.ts'
import { parseDuration } from '../core/time.ts'
import type { Caller } from './caller.ts'
import type { Tools, WriteHooks } from './hooks.ts'
import type { WriteManifest } from './manifest-write.ts'
import { VERBS } from './request.ts'
import { fillText } from './template.ts'
import { declaredOperation } from './write-declared.ts'

/** One operation of a connection. `caller`: null for a connector without `http`, whose hooks do everything. */
export function openWrite(
  kind: DocumentKind,
  declared: WriteManifest,
  hooks: WriteHooks,
  tools: Tools,
  caller: Caller | null,
): WriteOperation {
  const rest = declaredOperation(declared, tools, caller)
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

/** What a write declaration (with the names of its hooks) still lacks to be usable; empty when complete. */
export function lacking(declared: WriteManifest, hooks: WriteHooks): string[] {
  const lacks: string[] = []
  if (!hooks.render && !declared.mapping) lacks.push('mapping (or a render hook)')
  if (!hooks.write && !VERBS.some((verb) => declared[verb])) lacks.push('post or put (or a write hook)')
  if (declared.class === 'find' && !hooks.find && !declared.find) lacks.push('find (or a find hook)')
  if (declared.drafts && !hooks.advance && !declared.steps) lacks.push('steps (or an advance hook)')
  if (declared.drafts && !hooks.discard && !declared.discard) lacks.push('discard (or a discard hook)')
  if (declared.batch && declared.batch > 1 && !hooks.write && !declared.results)
    lacks.push('results (or a write hook), which batch needs')
  if (declared.steps && !declared.find) lacks.push('find, which steps need')
  return lacks
}
