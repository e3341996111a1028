/** Calls the NC Cloud sandbox as a client does, signing, encrypting and opening with code of its own. */
import { constants, createCipheriv, createHash, createPublicKey, publicEncrypt } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely here
export type Any = any

export const CLIENT = 'testapp'
export const APP_SECRET = 'app-secret-1'
export const CENTER = '0001'
export const SAVE = '/nccloud/api/so/saleorder/save'
export const QUERY = '/nccloud/api/so/saleorder/query'

/** What the client was configured with, and what the token brought. */
export interface Session {
  url: string
  publicKey: string
  salted: { token: boolean; call: boolean }
  level: string
  token: string
  securityKey: string
}

const sha1 = (of: string | Buffer) => createHash('sha1').update(of).digest()

/** SHA-256 in lower hex over text, key and salt. */
export function signed(text: string, publicKey: string, salted: boolean): string {
  const salt = sha1(sha1(publicKey)).toString('hex').slice(0, 32)
  const suffix = salted ? Buffer.from(salt, 'hex').toString('base64') : ''
  return createHash('sha256').update(`${text}${publicKey}${suffix}`, 'utf8').digest('hex')
}

/** A secret under the app's public key; several blocks when it is longer than 117 bytes. */
export function sealedSecret(text: string, publicKey: string, padding: 'oaep' | 'pkcs1' = 'oaep'): string {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
  const bytes = Buffer.from(text)
  const blocks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += 117) {
    const how =
      padding === 'oaep'
        ? { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
        : { padding: constants.RSA_PKCS1_PADDING }
    blocks.push(publicEncrypt({ key, ...how }, bytes.subarray(at, at + 117)))
  }
  return Buffer.concat(blocks).toString('base64')
}

/** CTR is its own inverse: one function for both ways. */
function aes(bytes: Buffer, key: string): Buffer {
  const cipher = createCipheriv('aes-256-ctr', Buffer.from(key, 'base64'), Buffer.from(key.slice(0, 16)))
  return Buffer.concat([cipher.update(bytes), cipher.final()])
}

const STEPS: Record<string, ('aes' | 'zip')[]> = {
  L0: [],
  L1: ['aes'],
  L2: ['zip'],
  L3: ['zip', 'aes'],
  L4: ['aes', 'zip'],
}

export function seal(text: string, level: string, key: string): string {
  return STEPS[level]!.reduce(
    (now, step) => (step === 'aes' ? aes(Buffer.from(now), key) : gzipSync(now)).toString('base64'),
    text,
  )
}

export function open(text: string, level: string, key: string): string {
  return STEPS[level]!.toReversed().reduce((now, step) => {
    const bytes = Buffer.from(now, 'base64')
    return (step === 'aes' ? aes(bytes, key) : gunzipSync(bytes)).toString('utf8')
  }, text)
}

/** The parameters of a token request, right in every way; `more` replaces or (null) leaves out. */
export function tokenQuery(
  publicKey: string,
  more: Record<string, string | null> = {},
  options: { salted?: boolean; parts?: string[]; padding?: 'oaep' | 'pkcs1' } = {},
): URLSearchParams {
  const text = [CLIENT, APP_SECRET, ...(options.parts ?? [])].join('')
  const query: Record<string, string | null> = {
    grant_type: 'client_credentials',
    client_id: CLIENT,
    client_secret: sealedSecret(APP_SECRET, publicKey, options.padding),
    biz_center: CENTER,
    signature: signed(text, publicKey, options.salted ?? true),
    ...more,
  }
  return new URLSearchParams(Object.entries(query).filter((e): e is [string, string] => e[1] !== null))
}

const FORM = 'application/x-www-form-urlencoded'

/** The envelope of a token request. */
export async function askToken(url: string, query: URLSearchParams, type = FORM): Promise<Any> {
  const address = `${url}/nccloud/opm/accesstoken?${query}`
  return (await fetch(address, { method: 'POST', headers: { 'content-type': type } })).json()
}

/** A session with a fresh token. */
export async function login(url: string, salted = { token: true, call: true }): Promise<Session> {
  const { publicKey } = await ((await fetch(`${url}/_sandbox/app`)).json() as Promise<Any>)
  const answer = await askToken(url, tokenQuery(publicKey, {}, { salted: salted.token }))
  if (!answer.success) throw new Error(answer.message)
  const { access_token: token, security_key: securityKey, security_level: level } = answer.data
  return { url, publicKey, salted, level, token, securityKey }
}

/** The bare answer; `headers` replace or (null) leave out. */
export function send(
  session: Session,
  path: string,
  body: unknown,
  headers: Record<string, string | null> = {},
): Promise<Response> {
  const { url, publicKey, level, securityKey, token } = session
  const plain = typeof body === 'string' ? body : JSON.stringify(body)
  const all: Record<string, string | null> = {
    'content-type': 'application/json;charset=utf-8',
    access_token: token,
    client_id: CLIENT,
    signature: signed(`${CLIENT}${plain}`, publicKey, session.salted.call),
    repeat_check: 'Y',
    ucg_flag: 'y',
    ...headers,
  }
  const kept = Object.fromEntries(Object.entries(all).filter((e): e is [string, string] => e[1] !== null))
  return fetch(`${url}${path}`, { method: 'POST', headers: kept, body: seal(plain, level, securityKey) })
}

/** The envelope; opened at the session's level unless it came plain (as refusals of the filter do). */
export async function call(
  session: Session,
  path: string,
  body: unknown,
  headers: Record<string, string | null> = {},
): Promise<Any> {
  const text = await (await send(session, path, body, headers)).text()
  return JSON.parse(text.startsWith('{') ? text : open(text, session.level, session.securityKey))
}

let orders = 0

/** A right sales order; `head` and `rows` replace fields of the first rows, '' empties one. */
export function orderOf(head: Record<string, unknown> = {}, ...rows: Record<string, unknown>[]): Any {
  orders += 1
  const day = '2026-11-20 00:00:00'
  const units = { cmaterialvid: 'TEA-001', castunitid: 'PCS', nnum: '2', nastnum: '2', vbdef1: 'L1' }
  const rates = { ndiscountrate: 100, nitemdiscountrate: 100, ntaxrate: 13, nexchangerate: '1.00000000' }
  const money = { norigtaxmny: 226, norigmny: 200, nmny: 200, ntax: 26, ncaltaxmny: 200, ntaxmny: 226 }
  const orgs = { csendstockorgvid: 'ORG1', csettleorgvid: 'ORG1', carorgvid: 'ORG1', creceivecustid: 'WEB' }
  const lands = {
    crececountryid: 'CN',
    csendcountryid: 'CN',
    ctaxcountryid: 'CN',
    fbuysellflag: 1,
    btriatradeflag: 'N',
  }
  const row = {
    ...units,
    ...rates,
    ...money,
    ...orgs,
    ...lands,
    ctaxcodeid: 'CN13',
    ftaxtypeflag: 0,
    ccurrencyid: 'CNY',
    dsenddate: day,
    dreceivedate: day,
  }
  return {
    so_saleorder: {
      pk_org: 'ORG1',
      ctrantypeid: '30-01',
      cbiztypeid: 'SO01',
      dbilldate: day,
      ccustomerid: 'WEB',
      cdeptid: 'D1',
      corigcurrencyid: 'CNY',
      cinvoicecustid: 'WEB',
      vdef1: `order-${orders}`,
      ...head,
    },
    so_saleorder_b: (rows.length > 0 ? rows : [{}]).map((more, i) => ({
      crowno: (i + 1) * 10,
      ...row,
      ...more,
    })),
  }
}

/** `GET` or, with a body, `POST` under `/_sandbox/`. */
export async function control(url: string, path: string, body?: unknown): Promise<Any> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(`${url}/_sandbox/${path}`, init)
  return { status: response.status, body: await response.json() }
}
