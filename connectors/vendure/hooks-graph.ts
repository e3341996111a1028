/** Login, calls and what their answers prove. */
import type { Outcome, Remote, Tools } from 'tributary/hooks'

export type Failed = Exclude<Outcome, { kind: 'done' }>
export type Call = { tools: Tools; signal: AbortSignal }
export type Result = { id: string; state: string; errorCode?: string; message?: string }
type Changed = { result: Result }
type Reply<T> = { data: T & Partial<Changed>; errors?: { message: string; extensions?: { code?: string } }[] }
export type Scale = { globalSettings: { serverConfig: { moneyStrategyPrecision: number } } }
const LOGIN = `mutation($u: String!, $p: String!) { login(username: $u, password: $p) { __typename ... on ErrorResult { errorCode message } } }`
export const stop = (failed: Failed) => Object.assign(new Error(failed.message), { failed })
export const refused = (code: string, message: string) =>
  stop({ kind: 'refused', code: `VENDURE_${code}`, message })
const denied = (message: string) => stop({ kind: 'not-done', code: 'VENDURE_DENIED', message, pause: true })
export const failedOf = (e: unknown, tools: Tools) => (e as { failed?: Failed }).failed ?? tools.failed(e)
async function post<T>({ tools, signal }: Call, query: string, variables: object, headers = {}) {
  const body = JSON.stringify({ query, variables })
  const answer = await tools.http({ method: 'POST', path: '/admin-api', headers, body, signal })
  const failed = tools.outcome(answer)
  if (failed) throw stop(failed)
  return { reply: tools.json(answer.body) as Reply<T>, token: answer.headers['vendure-auth-token'] }
}

/** Headers that prove who we are. Whatever fails here, the call itself was never sent: not-done, not unknown. */
async function credentials(call: Call): Promise<Record<string, string>> {
  const { memory, settings } = call.tools
  if (settings.apiKey) return {}
  if (!memory.has('token')) {
    const login = post<{ login: Result }>(call, LOGIN, { u: settings.username, p: settings.password })
    const { reply, token } = await login.catch((error) => {
      throw stop({ ...failedOf(error, call.tools), kind: 'not-done' })
    })
    if (reply.errors || reply.data.login.errorCode) throw denied('the login was refused')
    if (!token) throw denied('no vendure-auth-token: allow tokenMethod "bearer" on the server')
    memory.set('token', token)
  }
  return { Authorization: `Bearer ${memory.get('token')}` }
}

/** FORBIDDEN (HTTP 200, nothing ran) is an ended session. An ErrorResult proves that nothing was written. */
export async function ask<T = Changed>(
  call: Call,
  query: string,
  variables: object,
  again = true,
): Promise<T> {
  const { reply } = await post<T>(call, query, variables, await credentials(call))
  const result = reply.data?.result
  if (result?.errorCode) throw refused(result.errorCode, result.message ?? '')
  const error = reply.errors?.[0]
  if (!error) return reply.data
  const code = error.extensions?.code ?? 'ERROR'
  const forbidden = code === 'FORBIDDEN'
  if (forbidden && again && call.tools.memory.delete('token')) return ask(call, query, variables, false)
  if (forbidden) throw denied('this user may not do that')
  if (code !== 'INTERNAL_SERVER_ERROR') throw refused(code, error.message)
  throw stop({ kind: 'unknown', code: `VENDURE_${code}`, message: error.message })
}

/** For reads: the answer, or an error of the fitting kind. */
export async function told<T>(call: Call, query: string, options: object): Promise<T> {
  return ask<T>(call, query, { options }).catch((error) => {
    const failed = failedOf(error, call.tools)
    const config = failed.kind === 'refused' || 'pause' in failed
    return call.tools.broken(`${failed.code}: ${failed.message}`, config ? 'config' : 'transient')
  })
}

export const proved = (work: Promise<Remote>, tools: Tools): Promise<Outcome> =>
  work.then((done): Outcome => ({ kind: 'done', remote: done })).catch((error) => failedOf(error, tools))
/** Read before anything is written: nothing was written then, whatever fails. */
export async function before<T>(asking: Promise<T>, tools: Tools): Promise<T> {
  return asking.catch((error) => {
    const failed = failedOf(error, tools)
    throw stop(failed.kind === 'unknown' ? { ...failed, kind: 'not-done' } : failed)
  })
}
