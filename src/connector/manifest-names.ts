/** What in a manifest refers to something that is declared elsewhere in it. */
import type { YamlPath } from '../core/yaml.ts'
import type { Manifest } from './manifest.ts'
import type { Call, Signed } from './manifest-call.ts'
import { namesIn } from './template.ts'

export interface Reference {
  path: YamlPath
  name: string
  known: string[]
}

/** Known to every call. */
const ALWAYS = ['now', 'nonce', 'token']
/** Known to the calls of a list, of a fetch, of the parts of a write. */
const LIST = ['since', 'until', 'page', 'offset', 'size', 'next', 'counted']
const FETCH = ['id', 'ids']
const WRITE = ['key', 'document', 'documents', 'revision']
const FOUND = [...WRITE, 'id', 'number', 'found']

/** Every name in a manifest that refers to something declared elsewhere in it. */
export function* namesThatMustExist(manifest: Manifest): Generator<Reference> {
  const settings = Object.keys(manifest.settings)
  for (const [name, setting] of Object.entries(manifest.settings))
    yield* known(setting.default, ['settings', name, 'default'], settings)
  yield* inHttp(manifest, settings)
  yield* known(manifest.sql, ['sql'], settings)
  yield* known(manifest.files, ['files'], settings)
  yield* inStreams(manifest, settings)
  yield* inWrites(manifest, settings)
  yield* inWebhooks(manifest, settings)
  if (manifest.check) yield* inCall(manifest.check, ['check'], settings)
  yield* limits(manifest)
}

/** Classes of calls must be declared; `default` always is. */
function* limits({ http, read, write, check }: Manifest): Generator<Reference> {
  const names = [...new Set(['default', ...Object.keys(http?.limits ?? {})])]
  const parts: [YamlPath, { limit?: string } | undefined][] = [
    [['http', 'token', 'get'], http?.token?.get],
    [['http', 'token', 'refresh'], http?.token?.refresh],
    [['check'], check],
  ]
  for (const [name, stream] of Object.entries(read ?? {})) {
    const path = ['read', name]
    parts.push([path, stream], [[...path, 'list'], stream.list], [[...path, 'fetch'], stream.fetch])
  }
  for (const [kind, own] of Object.entries(write ?? {})) {
    const path = ['write', kind]
    parts.push([path, own], [[...path, 'find'], own.find], [[...path, 'read'], own.read])
    parts.push([[...path, 'discard'], own.discard])
    for (const [i, step] of (own.steps ?? []).entries()) parts.push([[...path, 'steps', i], step])
  }
  for (const [path, part] of parts)
    if (part?.limit) yield { path: [...path, 'limit'], name: part.limit, known: names }
}

function* inHttp(manifest: Manifest, settings: string[]): Generator<Reference> {
  const { sign, token, query, form, ...rest } = manifest.http ?? {}
  const all = [...settings, ...ALWAYS]
  yield* known(rest, ['http'], all)
  yield* known(query, ['http', 'query'], all)
  yield* known(form, ['http', 'form'], all)
  if (token?.get) yield* inCall(token.get, ['http', 'token', 'get'], settings)
  if (token?.refresh) yield* inCall(token.refresh, ['http', 'token', 'refresh'], [...settings, 'refresh'])
  yield* known(token?.first, ['http', 'token', 'first'], settings)
  // the parameters of any call may be named in the text that is signed
  yield* known(sign?.key, ['http', 'sign', 'key'], settings)
}

function* inStreams(manifest: Manifest, settings: string[]): Generator<Reference> {
  for (const [name, { shape, shapes, list, fetch, count, rows, files }] of Object.entries(
    manifest.read ?? {},
  )) {
    const path = ['read', name]
    if (shape) yield { path: [...path, 'shape'], name: shape, known: Object.keys(shapes) }
    if (typeof rows === 'string') yield* known(rows, [...path, 'rows'], settings)
    else if (rows?.clock) yield* known(rows.clock, [...path, 'rows', 'clock'], settings)
    if (typeof files === 'string') yield* known(files, [...path, 'files'], settings)
    if (list) yield* inCall(list, [...path, 'list'], [...settings, ...LIST])
    if (count) yield* inCall(count, [...path, 'count'], [...settings, 'since', 'until'])
    if (fetch) yield* inCall(fetch, [...path, 'fetch'], [...settings, ...FETCH])
  }
}

function* inWrites(manifest: Manifest, settings: string[]): Generator<Reference> {
  for (const [kind, write] of Object.entries(manifest.write ?? {})) {
    const path = ['write', kind]
    yield* known(write.settle, [...path, 'settle'], settings)
    yield* inCall(write, path, [...settings, ...WRITE])
    if (write.find) yield* inCall(write.find, [...path, 'find'], [...settings, ...WRITE])
    if (write.read) yield* inCall(write.read, [...path, 'read'], [...settings, ...FOUND])
    for (const [i, step] of (write.steps ?? []).entries())
      yield* inCall(step, [...path, 'steps', i], [...settings, ...FOUND])
    if (write.discard) yield* inCall(write.discard, [...path, 'discard'], [...settings, ...FOUND])
  }
}

function* inWebhooks(manifest: Manifest, settings: string[]): Generator<Reference> {
  const streams = manifest.read ?? {}
  for (const [topic, { stream, shape, token, verify }] of Object.entries(manifest.webhooks ?? {})) {
    const path = ['webhooks', topic]
    yield { path: [...path, 'stream'], name: stream, known: Object.keys(streams) }
    const shapes = Object.keys(streams[stream]?.shapes ?? {})
    if (shape) yield { path: [...path, 'shape'], name: shape, known: shapes }
    yield* known(token?.secret, [...path, 'token', 'secret'], settings)
    if (verify) yield* inSigned(verify, [...path, 'verify'], settings)
  }
}

function* inSigned({ key, text }: Signed, path: YamlPath, settings: string[]): Generator<Reference> {
  yield* known(key, [...path, 'key'], settings)
  const texts = namesIn(text).filter((name) => !/^(header|query)\./.test(name))
  for (const name of texts) yield { path: [...path, 'text'], name, known: [...settings, 'body', 'pairs'] }
}

/** A call knows what its place gives it beside settings, time and token. */
function* inCall(call: Call, path: YamlPath, names: string[]): Generator<Reference> {
  const all = [...names, ...ALWAYS]
  for (const verb of [
    'get',
    'post',
    'put',
    'patch',
    'delete',
    'headers',
    'query',
    'form',
    'json',
    'xml',
  ] as const)
    yield* known(call[verb], [...path, verb], all)
}

/** Every name that the templates of a part of the manifest mention. */
function* known(value: unknown, path: YamlPath, names: string[]): Generator<Reference> {
  if (typeof value === 'string') {
    for (const name of namesIn(value)) yield { path, name: name.split('.')[0]!, known: names }
  } else if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) yield* known(inner, [...path, key], names)
  }
}
