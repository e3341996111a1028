// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration look like this
/** No secret of tributary.yaml reaches the ledger, and each process puts in its own. */
import { describe, expect, test } from 'vitest'
import { parseYaml } from '../../src/core/yaml.ts'
import type { ConnectorCatalog } from '../../src/runtime/config-catalog.ts'
import { MARK } from '../../src/runtime/config-environment.ts'
import { fillConfig, redactConfig } from '../../src/runtime/configuration-secrets.ts'

const settings = {
  base: { type: 'string', description: 'Address' },
  token: { type: 'string', secret: true, description: 'Token' },
  keys: { type: 'list', secret: true, optional: true, description: 'Keys' },
}
const catalog: ConnectorCatalog = {
  ids: ['acme'],
  manifest: () => ({ title: 'Acme', settings }) as unknown as ReturnType<ConnectorCatalog['manifest']>,
}
const redact = (text: string) => redactConfig(text, '/srv/tributary.yaml', catalog)
const file = (lines: string) => `connections:\n  shop:\n    use: acme\n    settings:\n${lines}`
const plain = (text: string) => parseYaml(text, 'a.yaml').value

describe('what is stored of tributary.yaml', () => {
  test.each([
    ['plain', '      token: shpat_deep-secret'],
    ['quoted', '      token: "shpat_deep-secret"'],
    ['with a default', '      token: ${TOKEN:-shpat_deep-secret}'],
    ['around a reference', '      token: shpat_deep-secret${TOKEN}'],
    ['in a block', '      token: |\n        shpat_deep-secret\n'],
    ['in a flow', '      { token: shpat_deep-secret, base: x }'],
    ['in a list', '      keys:\n        - shpat_deep-secret\n        - other'],
    ['behind an alias', '      base: &t shpat_deep-secret\n      token: *t'],
    ['commented out', '      token: ${TOKEN}\n      # token: shpat_deep-secret'],
    ['commented out behind', '      token: ${TOKEN} # was token = shpat_deep-secret, really'],
    ['repeated in a comment', '      token: shpat_deep-secret # shpat_deep-secret since May'],
    ['commented out under another name', '      token: ${TOKEN}\n      # password: shpat_deep-secret'],
    ['in an address', '      base: https://me:shpat_deep-secret@shop.example'],
    ['in an address in a comment', '      base: x # https://me:shpat_deep-secret@shop.example'],
  ])('holds no secret %s', (_, lines) => {
    const { text } = redact(file(lines))
    expect(text).not.toContain('deep-secret')
    expect(() => plain(text)).not.toThrow()
  })

  test('is what people wrote in all else, comments and layout included', () => {
    const text = file('      token: abcdef # mine\n      base: "https://shop.example" # the test shop')
    expect(redact(text)).toEqual({
      text: text.replace('abcdef', `"${MARK}"`),
      marked: ['connections.shop.settings.token'],
    })
  })

  test('names a reference and leaves it', () => {
    const text = file('      token: ${TOKEN}')
    expect(redact(text)).toEqual({ text, marked: [] })
  })

  test('holds no password of the database or of Redis', () => {
    const text =
      'storage: { database: "postgres://u:deep-secret@db/x", redis: "rediss://:deep-secret@r:6379" }\n'
    expect(redact(text).text).not.toContain('deep-secret')
    const named = 'storage: { database: "postgres://u:${PASSWORD}@db/x" }\n'
    expect(redact(named)).toEqual({ text: named, marked: [] })
  })
})

describe('alerts', () => {
  const channels = (lines: string) => `alerts:\n  channels:\n${lines}`

  test.each([
    ['dingtalk', 'token: deep-secret, secret: SECdeep-secret'],
    ['dingtalk', 'url: "https://robot.example/send?access_token=deep-secret"'],
    ['wecom', 'key: deep-secret'],
    ['feishu', 'url: "https://robot.example/hook/deep-secret"'],
    ['mail', 'host: mail.example, user: me, password: deep-secret, from: a@b.example, to: [c@d.example]'],
    ['webhook', 'url: "https://me.example/alerts", secret: whsec_deep-secret'],
  ])('of a %s channel the ledger holds no %s', (kind, fields) => {
    const text = channels(`    ops: { kind: ${kind}, ${fields} }\n`)
    expect(redact(text).text).not.toContain('deep-secret')
  })

  test('an address of a program, and references, stay as they are', () => {
    const text = channels('    ops: { kind: webhook, url: "https://me.example/alerts", secret: "${S}" }\n')
    expect(redact(text)).toEqual({ text, marked: [] })
  })
})

describe('what a process runs of it', () => {
  const stored = plain(redact(file('      token: abcdef\n      base: https://new.example')).text)

  test('has the secret of its own file, which may have changed or become a reference', () => {
    for (const own of ['abcdef', 'rotated', '${TOKEN}']) {
      const filled = fillConfig(stored, plain(file(`      token: ${own}\n      base: old`)), 'f')
      expect(filled).toMatchObject({
        connections: { shop: { settings: { token: own, base: 'https://new.example' } } },
      })
    }
  })

  test('is refused, with field and file, where its own file has none', () => {
    expect(() => fillConfig(stored, plain(file('      base: old')), '/srv/tributary.yaml')).toThrow(
      /connections\.shop\.settings\.token .*\/srv\/tributary\.yaml/,
    )
    expect(() => fillConfig(stored, null, 'f')).toThrow('connections.shop.settings.token')
  })

  test('keeps storage, addresses and log of its own', () => {
    const other = { storage: { database: MARK }, http: { port: 1 }, flows: { a: 1 } }
    expect(fillConfig(other, { http: { port: 2 }, log: { level: 'debug' }, flows: {} }, 'f')).toEqual({
      flows: { a: 1 },
      http: { port: 2 },
      log: { level: 'debug' },
    })
  })
})
