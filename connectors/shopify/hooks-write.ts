/** What all writes have in common: failures as outcomes, mutations with their userErrors. */
import type { Outcome, Remote, Tools, WriteItem } from 'tributary/hooks'
import { type At, path } from './hooks-graph.ts'

export type Failed = Exclude<Outcome, { kind: 'done' }>
export type Line = { line: string; quantity: number }
export const WRONG = 'userErrors { field message }'
const stop = (failed: Failed) => Object.assign(new Error(failed.message), { failed })
export const refused = (code: string, message: string) =>
  stop({ kind: 'refused', code: `SHOPIFY_${code}`, message })
export const failedOf = (e: unknown, tools: Tools) => (e as { failed?: Failed }).failed ?? tools.failed(e)
export const parsed = <T>(item: WriteItem) => JSON.parse(item.body.toString()) as T
/** What is asked before anything is written: nothing was written then, whatever fails. */
export async function before<T>(asking: Promise<T>, tools: Tools): Promise<T> {
  return asking.catch((error) => {
    const failed = failedOf(error, tools)
    throw stop(failed.kind === 'unknown' ? { ...failed, kind: 'not-done' } : failed)
  })
}

/** A mutation whose field is called `done`. */
export async function change({ tools, signal }: At, query: string, variables: object): Promise<Remote> {
  const answer = await tools.graphql.change({ path, query, variables: { ...variables }, signal })
  if ('failed' in answer) throw stop(answer.failed)
  const done = answer.data.done as { userErrors: { message: string }[]; made?: Remote } | null
  const wrong = done?.userErrors[0]
  if (wrong) throw refused('REFUSED', wrong.message.slice(0, 300))
  if (!done?.made) throw stop({ kind: 'unknown', code: 'NO_RESULT', message: 'nothing came back' })
  return done.made
}

export const proved = (work: Promise<Remote>, tools: Tools): Promise<Outcome> =>
  work.then((done): Outcome => ({ kind: 'done', remote: done })).catch((error) => failedOf(error, tools))
/** A text of the form of a UUID, the same for the same push. */
export const keyOf = (tools: Tools, push: string) =>
  tools.hash('sha256', push).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
