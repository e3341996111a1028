/** What the checks of a YAML file say, in both languages: what a schema expects, what the parser stumbled over. */
import type { ErrorObject } from 'ajv'
import type { Phrase } from './errors/error.ts'

/** A schema node as far as words are made of it. `description` and `zh`: what may stand there, for people. */
interface Described {
  description?: string
  zh?: string
  anyOf?: { type?: string }[]
}

const TYPES: Record<string, Phrase> = {
  object: { en: 'a map', zh: '映射（键: 值）' },
  array: { en: 'a list', zh: '列表' },
  string: { en: 'text', zh: '文本' },
  integer: { en: 'a whole number', zh: '整数' },
  number: { en: 'a number', zh: '数字' },
  boolean: { en: 'true or false', zh: 'true 或 false' },
  null: { en: 'empty', zh: '空值' },
}

const OTHER: Phrase = { en: 'another form', zh: '其他形式' }

/** By ajv keyword, for what the schema itself does not describe. `n`: the limit. */
const LIMITS: Record<string, (n: string) => Phrase> = {
  minimum: (n) => ({ en: `at least ${n}`, zh: `不小于 ${n} 的数` }),
  maximum: (n) => ({ en: `at most ${n}`, zh: `不大于 ${n} 的数` }),
  minLength: (n) => ({ en: `text of at least ${n} characters`, zh: `至少 ${n} 个字符的文本` }),
  minItems: (n) => ({ en: `a list of at least ${n}`, zh: `至少 ${n} 项的列表` }),
  minProperties: (n) => ({ en: `a map of at least ${n}`, zh: `至少 ${n} 项的映射` }),
}

/** `one of a, b`. */
export function oneOf(values: readonly string[]): Phrase {
  const list = values.join(', ')
  return { en: `one of ${list}`, zh: `以下之一：${list}` }
}

/** What a value should have been, from what ajv complains about. */
export function expectation(e: ErrorObject): Phrase {
  const schema = e.parentSchema as Described
  if (schema.description && ['pattern', 'format', 'anyOf'].includes(e.keyword)) {
    return { en: schema.description, zh: schema.zh ?? schema.description }
  }
  if (e.keyword === 'type') return TYPES[String(e.params.type)] ?? OTHER
  if (e.keyword === 'anyOf') {
    const names = [...new Set((schema.anyOf ?? []).map((b) => TYPES[b.type ?? ''] ?? OTHER))]
    return { en: names.map((n) => n.en).join(' or '), zh: names.map((n) => n.zh).join('或') }
  }
  const limit = LIMITS[e.keyword]
  if (limit) return limit(String(e.params.limit))
  return { en: (e.message ?? e.keyword).replace(/^must (be )?/, ''), zh: `符合 ${e.keyword} 规则的值` }
}

/** ` (did you mean "…"?)`, or nothing. */
export function didYouMean(near: string | null): Phrase | '' {
  return near ? { en: ` (did you mean "${near}"?)`, zh: `（是不是 "${near}"？）` } : ''
}

/** By the parser's own code (https://eemeli.org/yaml/#errors): what is wrong, where its text is English. */
const SYNTAX: Record<string, string> = {
  ALIAS_PROPS: '别名（*）不能带锚点或标签',
  BAD_ALIAS: '别名（*）没有对应的锚点',
  BAD_COLLECTION_TYPE: '标签与内容的类型不符',
  BAD_DIRECTIVE: '无法识别的 % 指令',
  BAD_DQ_ESCAPE: '双引号中的转义符无效',
  BAD_INDENT: '缩进不对',
  BAD_PROP_ORDER: '锚点和标签要写在值的前面',
  BAD_SCALAR_START: '文本不能以这个字符开头，请加引号',
  BLOCK_AS_IMPLICIT_KEY: '同一行里不能再嵌套一层映射，文本中有冒号时请加引号',
  BLOCK_IN_FLOW: '括号内不能使用缩进写法',
  DUPLICATE_KEY: '同一个键写了两次',
  IMPOSSIBLE: '无法解析',
  MISSING_CHAR: '缺少括号、引号、逗号或冒号',
  MULTILINE_IMPLICIT_KEY: '键必须写在一行内',
  MULTIPLE_ANCHORS: '一个值只能有一个锚点',
  MULTIPLE_DOCS: '一个文件只能有一份文档',
  MULTIPLE_TAGS: '一个值只能有一个标签',
  NON_STRING_KEY: '键必须是文本',
  RESOURCE_EXHAUSTION: '嵌套层数过多',
  TAB_AS_INDENT: '缩进要用空格，不能用制表符',
  TAG_RESOLVE_FAILED: '无法识别的标签',
  UNEXPECTED_TOKEN: '此处不应出现这个符号',
}

/** What the YAML parser stumbled over. */
export function syntaxWords(code: string, message: string): Phrase {
  return { en: message, zh: SYNTAX[code] ?? '无法解析' }
}
