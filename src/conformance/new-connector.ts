/** Writes a new connector that passes the kit: manifest, README, coverage, fixtures, mapping and its test. */
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { connectorError } from '../core/errors/connector.ts'
import { put } from './envelope.ts'
import type { Answers } from './new-answers.ts'

/** The record that fixtures and mapping test are made of; every value is made up. */
const RECORD = {
  id: '1001',
  number: 'W-1001',
  created_at: '2026-06-10T08:00:00Z',
  updated_at: '2026-06-10T08:05:00Z',
  currency: 'EUR',
  total: '23.80',
  tax: '3.80',
  buyer: { name: 'Example Buyer', email: 'buyer@example.test' },
  lines: [
    { id: '1', sku: 'MUG-350', name: 'Mug', quantity: 2, price: '11.90', amount: '23.80', tax: '3.80' },
  ],
}

/**
 * Writes into `connectors/<id>` and `mappings/<id>` of a project; nothing that is there is ever overwritten. Gives the
 * files. Throws CONNECTOR_NEW where one of them is there already.
 */
export async function writeConnector(root: string, answers: Answers): Promise<string[]> {
  const connector = join('connectors', answers.id)
  const mappings = join('mappings', answers.id)
  const files: Record<string, string> = {
    [join(connector, 'connector.yaml')]: manifestText(answers),
    [join(connector, 'README.md')]: readmeText(answers),
    [join(connector, 'coverage.yaml')]: COVERAGE,
    [join(connector, 'fixtures', 'order.list.json')]: fixtureText(answers),
    [join(mappings, 'order.in.yaml')]: mappingText(answers),
    [join(mappings, 'order.in.test.yaml')]: TEST,
  }
  const there = Object.keys(files).find((file) => existsSync(join(root, file)))
  if (there)
    throw connectorError('CONNECTOR_NEW', {
      reason: { en: `${there} is there already`, zh: `${there} 已存在` },
    })
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, file)), { recursive: true })
    await writeFile(join(root, file), text, { flag: 'wx' })
  }
  return Object.keys(files)
}

function credentials(auth: string): { settings: string; http: string } {
  if (auth === 'basic')
    return {
      settings: `  user: { type: string, description: Login of the API, zh: "接口账号" }
  password: { type: string, secret: true, description: Password of that login, zh: "接口密码" }`,
      http: '{ basic: { user: "{user}", password: "{password}" } }',
    }
  return {
    settings: '  token: { type: string, secret: true, description: Key of the API, zh: "接口密钥" }',
    http: auth === 'bearer' ? '{ bearer: "{token}" }' : `{ header: ${auth}, value: "{token}" }`,
  }
}

function manifestText({ id, title, base, auth, list, each, since, until }: Answers): string {
  const { settings, http } = credentials(auth)
  return `# ${title}. Written by "tributary connector new": look at each line that says "check".
id: ${id}
title: "${title}"
settings:
  base: { type: string, default: "${base}", description: Address of the API, zh: "接口地址" }
${settings}
http:
  base: "{base}"
  auth: ${http}
  # check: how instants are written (iso, seconds, milliseconds, or a format with its zone).
  clock: iso
  timeout: 30s
read:
  order:
    document: order
    every: "0 * * * * *"
    # check: how long the API's index lags behind a change, and how far a change may be dated back.
    lag: 1m
    overlap: 5m
    shapes: { order: order.in }
    list:
      get: ${list}
      # check: names of the parameters.
      query: { "${since}": "{since}", "${until}": "{until}", page: "{page}", limit: "{size}" }
      each: ${each}
      id: id
      # check: sorted by the instant that the window is about, so that no record slips between two pages.
      page: { style: clock, at: updated_at, order: ascending, size: 50 }
check: { get: ${list}, query: { limit: "1" }, say: ${title} answers }
`
}

const COVERAGE = `# What is carried, and what proves it: docs/guide/connector-kit.md.
role: shop
carries:
  order.in: { proof: [fixture], unverified: nothing was recorded from the real system yet }
`

function readmeText({ id, title, base }: Answers): string {
  return `# ${title}

Reads orders from ${base}.

## On ${title}'s side

Get credentials that may read orders, and put them into the configuration:

\`\`\`yaml
connections:
  my-shop:
    use: ${id}
    settings: {}
\`\`\`

## Limits

- Orders are read; nothing is written back yet.

## Known and not proven

Everything: this connector was written from questions and has not been tried against ${title}.
`
}

function fixtureText({ list, each }: Answers): string {
  const exchange = {
    request: { method: 'GET', path: list },
    response: { status: 200, body: put({}, each, [RECORD]) },
  }
  return `${JSON.stringify(exchange, null, 2)}\n`
}

function mappingText({ id, title }: Answers): string {
  return `# An order of ${title} → our order. Amounts here are decimal text, tax included: correct what differs.
from: ${id}/order
to: order
require: [externalId, version, number, currency, placedAt, lines, totals.total]
let:
  currency: currency
fields:
${FIELDS}`
}

const FIELDS = `  externalId: $string(id)
  version: $instant(updated_at)
  number: $string(number)
  state: "'open'"
  payment: "'paid'"
  fulfillment: "'none'"
  placedAt: $instant(created_at)
  paidAt: $instant(created_at)
  buyer: { name: buyer.name, email: buyer.email }
  salesKind: "'online'"
  currency: currency
  taxIncluded: true
  lines:
    $each: lines
    externalId: $string(id)
    sku: sku
    name: name
    kind: "'goods'"
    quantity: $string(quantity)
    unitPrice: $decimal(price)
    goods: $money(amount, $currency)
    discount: 0
    tax: $money(tax, $currency)
  shipping: { amount: 0, discount: 0, tax: 0 }
  charges: []
  payments: []
  totals:
    goods: $money(total, $currency)
    discount: 0
    shipping: 0
    tax: $money(tax, $currency)
    total: $money(total, $currency)
`

const TEST = `# "tributary mapping check" runs these cases. Add one for each thing that orders of this system can hold.
cases:
  - name: a paid order
    input: ${JSON.stringify(RECORD)}
    expectPart:
      externalId: "1001"
      version: "2026-06-10T08:05:00.000Z"
      currency: EUR
      lines: [{ externalId: "1", sku: MUG-350, quantity: "2", goods: 2380, tax: 380 }]
      totals: { total: 2380 }
`
