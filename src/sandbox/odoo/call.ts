/** What the interfaces share: the running server, one call's environment, and answers. */
import type { Env, Model, Values } from './model.ts'
import type { OdooOptions, Series } from './options.ts'
import type { Store } from './store.ts'

/** The running sandbox as the interfaces see it. */
export interface Odoo {
  readonly options: OdooOptions
  readonly version: Series
  readonly databases: readonly string[]
  readonly models: ReadonlyMap<string, Model>
  readonly store: Store
  /** Session ids of the web client's interface; they end with the process. */
  readonly sessions: Set<string>
}

export interface Answer {
  status: number
  headers: Record<string, string>
  body: Buffer
}

/** Id of the user whose key it is: 1 is the system. */
export const USER_ID = 2

/** The environment of one call; its instant is the instant of everything it writes. */
export function openCall(odoo: Odoo, context: Values): Env {
  const { store, models, options, version } = odoo
  const now = new Date().toISOString().replace('T', ' ').slice(0, 23)
  return { store, models, options, version, uid: USER_ID, context: context ?? {}, now }
}

export function jsonAnswer(status: number, text: string): Answer {
  return { status, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: Buffer.from(text) }
}

/** An answer of the web server itself. */
export function pageAnswer(status: number, title: string): Answer {
  const text = `<!doctype html>\n<html lang=en>\n<title>${title}</title>\n<h1>${title.slice(4)}</h1>\n`
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: Buffer.from(text) }
}
