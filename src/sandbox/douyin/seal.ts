/**
 * What a merchant's software sees of the receiver: cipher texts, masked texts and opaque ids (facts §7.3; the
 * shapes are those of published answers, their content is not: nothing outside the platform can read them).
 */
import { createCipheriv, createHash, createHmac } from 'node:crypto'
import type { Place, Receiver } from './order.ts'

const KEY = createHash('sha256').update('douyin sandbox: readable by nobody').digest()

/** The same text of the same order always looks the same, that of another order never does. */
function cipher(order: string, text: string): string {
  const iv = createHmac('sha256', KEY).update(`${order}\n${text}`).digest().subarray(0, 16)
  const sealed = createCipheriv('aes-256-ctr', KEY, iv)
  return Buffer.concat([sealed.update(text, 'utf8'), sealed.final()]).toString('base64')
}

const digest = (text: string, bytes: number) =>
  createHmac('sha256', KEY).update(text).digest().subarray(0, bytes).toString('base64')

/** A name or address: `##…*…#1##`. */
export function sealText(order: string, text: string): string {
  return `##${cipher(order, text)}*${digest(`${order} ${text}`, 24)}#1##`
}

/** A phone number: `$$…*…$1$$`. */
export function sealPhone(order: string, text: string): string {
  return `$$${cipher(order, text)}*${digest(`${order} ${text}`, 24)}$1$$`
}

/** 张** */
export function maskName(name: string): string {
  const [first = '', ...rest] = name
  return `${first}${'*'.repeat(Math.max(1, rest.length))}`
}

/** 138****0001 */
export function maskPhone(phone: string): string {
  return phone.length < 8 ? '*'.repeat(phone.length) : `${phone.slice(0, 3)}****${phone.slice(-4)}`
}

const place = (p: Place): string => `${p.id}/${p.name}`

/** `open_address_id`: the same for everything that goes to the same person at the same address. */
export function addressId({ name, phone, province, city, town, street, detail }: Receiver): string {
  return `#${digest([name, phone, ...[province, city, town, street].map(place), detail].join('\n'), 32)}`
}

/** `doudian_open_id`: the same for everything that one buyer orders in this shop. */
export function buyerId(buyer: number): string {
  return `1@#${digest(`buyer ${buyer}`, 32)}`
}
