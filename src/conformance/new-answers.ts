/** What `tributary connector new` must know of a system, from a person or from its OpenAPI file. */
import { readFile } from 'node:fs/promises'
import { connectorError } from '../core/errors/connector.ts'
import { parseYaml } from '../core/yaml.ts'

export interface Answers {
  id: string
  title: string
  base: string
  /** bearer, basic, or the header that holds the key. */
  auth: string
  /** Path of the list of orders. */
  list: string
  /** Dotted path of the list in its answer. */
  each: string
  since: string
  until: string
}

/** Where nothing else is said. */
export const USUAL: Omit<Answers, 'id'> = {
  title: 'New system',
  base: 'https://api.example.com',
  auth: 'bearer',
  list: '/orders',
  each: 'orders',
  since: 'updated_from',
  until: 'updated_to',
}

const FORMS: { [K in keyof Answers]?: [pattern: RegExp, en: string, zh: string] } = {
  id: [/^[a-z][a-z0-9-]*$/, 'small letters, digits and hyphens', '小写字母、数字和连字符'],
  base: [
    /^https?:\/\/[^\s{}"]+$/,
    'an address that begins with http:// or https://',
    '以 http:// 或 https:// 开头的地址',
  ],
  auth: [/^[A-Za-z][A-Za-z0-9-]*$/, 'bearer, basic or the name of a header', 'bearer、basic 或请求头名称'],
  list: [/^\/[^\s{}"?#]*$/, 'a path that begins with /, without parameters', '以 / 开头且不带参数的路径'],
  each: [/^[^.\s{}"]+(\.[^.\s{}"]+)*$/, 'a dotted path like data.orders', '点分路径，例如 data.orders'],
  since: [/^[\w.[\]-]+$/, 'the name of a parameter', '参数名'],
  until: [/^[\w.[\]-]+$/, 'the name of a parameter', '参数名'],
  title: [/^[^\n"\\]{1,100}$/, 'one line of text without quotes', '一行不带引号的文本'],
}

/** Checks what is known and fills in the usual. Throws CONNECTOR_NEW. */
export function answersFrom(id: string, given: Partial<Answers>): Answers {
  const known = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined))
  const answers: Answers = { ...USUAL, title: id, ...known, id }
  for (const [name, [pattern, en, zh]] of Object.entries(FORMS)) {
    if (pattern.test(answers[name as keyof Answers])) continue
    throw connectorError('CONNECTOR_NEW', {
      reason: { en: `${name} must be ${en}`, zh: `${name} 必须是${zh}` },
    })
  }
  return answers
}

type Tree = Record<string, unknown>
const isTree = (v: unknown): v is Tree => v !== null && typeof v === 'object' && !Array.isArray(v)
const treeAt = (v: unknown, ...path: string[]): Tree => {
  let at: unknown = v
  for (const step of path) at = isTree(at) ? at[step] : undefined
  return isTree(at) ? at : {}
}

/**
 * The list of orders that an OpenAPI 3 file describes: the first GET without names in its path that speaks of orders.
 * Throws YAML_* and CONNECTOR_NEW where there is none.
 */
export async function fromOpenapi(file: string): Promise<Partial<Answers>> {
  const document = parseYaml(await readText(file), file).value
  const paths = Object.entries(treeAt(document, 'paths')).filter(
    ([path, item]) => !path.includes('{') && isTree(item) && isTree(item.get),
  )
  const found =
    paths.find(([path]) => /orders?$|trades?$/i.test(path)) ??
    paths.find(([path]) => /order|trade/i.test(path))
  if (!found)
    throw connectorError('CONNECTOR_NEW', {
      reason: { en: `${file} has no GET that lists orders`, zh: `${file} 中没有列出订单的 GET` },
    })
  const [list, item] = found
  const get = treeAt(item, 'get')
  const names = (Array.isArray(get.parameters) ? get.parameters : [])
    .map((p) => resolved(document, p))
    .filter((p) => p.in === 'query')
    .map((p) => String(p.name))
  const server = Array.isArray((document as Tree).servers)
    ? treeAt(((document as Tree).servers as unknown[])[0])
    : {}
  const { title } = treeAt(document, 'info')
  const each = listIn(document, schemaOf(document, get))
  return known({
    title: typeof title === 'string' ? title : undefined,
    base: typeof server.url === 'string' ? server.url.replace(/\/+$/, '') : undefined,
    auth: authOf(document),
    list,
    each,
    since: names.find(
      (n) => /(updated|modified|since|start|from|after)/i.test(n) && !/(to|end|until|before)$/i.test(n),
    ),
    until: names.find((n) => /(_to|end|until|before|max)$/i.test(n) || /(end|until|before)/i.test(n)),
  })
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? ''
    const reason = { en: `${file} cannot be read (${why})`, zh: `无法读取 ${file}（${why}）` }
    throw connectorError('CONNECTOR_NEW', { reason }, error)
  }
}

const known = (values: { [K in keyof Answers]?: string | undefined }): Partial<Answers> =>
  Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined))

/** Follows `$ref` within the file, a few steps at most. */
function resolved(document: unknown, value: unknown): Tree {
  let at = value
  for (let n = 0; n < 8 && isTree(at) && typeof at.$ref === 'string'; n++)
    at = treeAt(document, ...at.$ref.replace(/^#\//, '').split('/'))
  return isTree(at) ? at : {}
}

function schemaOf(document: unknown, get: Tree): Tree {
  const responses = treeAt(get, 'responses')
  const good = resolved(document, responses['200'] ?? responses[200 as never])
  return resolved(document, treeAt(good, 'content', 'application/json').schema)
}

/** Dotted path of the first list of objects; undefined where the answer itself is one or there is none. */
function listIn(document: unknown, schema: Tree, path: string[] = []): string | undefined {
  for (const [name, inner] of Object.entries(treeAt(schema, 'properties'))) {
    const of = resolved(document, inner)
    if (of.type === 'array') return [...path, name].join('.')
    const deeper = path.length < 3 ? listIn(document, of, [...path, name]) : undefined
    if (deeper) return deeper
  }
  return undefined
}

function authOf(document: unknown): string | undefined {
  const schemes = Object.values(treeAt(document, 'components', 'securitySchemes')).map((s) =>
    resolved(document, s),
  )
  for (const { type, scheme, in: place, name } of schemes) {
    if (type === 'apiKey' && place === 'header') return String(name)
    if (type === 'http' && scheme === 'basic') return 'basic'
    if (type === 'http' || type === 'oauth2') return 'bearer'
  }
  return undefined
}
