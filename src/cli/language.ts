/** Which language the CLI speaks: `TRIBUTARY_LANG`, else the system's own (`LC_ALL`, `LC_MESSAGES`, `LANG`). */
import { fill } from '../core/errors/error.ts'
import { en } from './text/en.ts'
import { zh } from './text/zh.ts'

export type Language = 'en' | 'zh'
export type TextKey = keyof typeof en
export type Say = (key: TextKey, values?: Record<string, string | number | null>) => string

/** `zh` for anything that begins with zh (zh-CN, zh_CN.UTF-8), else `en`. The first variable that is set decides. */
export function languageFrom(env: Record<string, string | undefined>): Language {
  const stated = env.TRIBUTARY_LANG || env.LC_ALL || env.LC_MESSAGES || env.LANG || ''
  return /^zh/i.test(stated) ? 'zh' : 'en'
}

/** The texts of one language; `{name}` is replaced by values. */
export function sayIn(language: Language): Say {
  const table = language === 'zh' ? zh : en
  return (key, values = {}) => fill(table[key], values)
}

/** True for a key of the table: event names of the journal may be newer than the texts. */
export function isText(key: string): key is TextKey {
  return Object.hasOwn(en, key)
}
