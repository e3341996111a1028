// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of the configuration look like this
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/runtime/config.ts'
import type { ConnectorCatalog } from '../../src/runtime/config-catalog.ts'
import { configProblems } from '../../src/runtime/config-problems.ts'
import { initText } from '../../src/runtime/init.ts'
import { configJsonSchema } from '../../src/runtime/schema.ts'

const bare = { title: 'A shop', settings: {}, read: {} } as unknown as ReturnType<
  ConnectorCatalog['manifest']
>
const catalog: ConnectorCatalog = { ids: ['some-shop', 'some-erp'], manifest: () => bare }
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const env = { HOOK: SECRET, DING: 'ding-token', DING_SECRET: 'SECx', KEY: 'wecom-key', PASS: 'hunter2' }

const HEAD = `company: { zone: Asia/Shanghai, currency: CNY }
connections: { web: { use: some-shop }, erp: { use: some-erp } }
flows: { f: { shops: [web], erp: erp, from: 2026-01-01T00:00:00Z, mode: shadow } }
`
const GOOD = `alerts:
  channels:
    ops: { kind: webhook, url: https://ops.example.com/t, secret: "\${HOOK}" }
    mail: { kind: mail, host: smtp.example.com, user: u, password: "\${PASS}", from: a@example.com, to: [b@example.com] }
    ding: { kind: dingtalk, token: "\${DING}", secret: "\${DING_SECRET}" }
    wecom: { kind: wecom, key: "\${KEY}" }
    lark: { kind: feishu, token: "\${KEY}", base: https://open.larksuite.com/open-apis/bot/v2/hook/ }
  send:
    - { level: red, to: [ops, ding] }
    - { level: all, to: [mail], causes: ["silence:*", parked:erp:X] }
  quiet: { from: "22:00", to: "07:30" }
  remind: 6h
  every: 15s
  language: zh
`
const load = (text: string, environment: Record<string, string> = env) =>
  parseConfig(HEAD + text, '/srv/tributary.yaml', environment, catalog)
const mistakes = (text: string, environment: Record<string, string> = env) => {
  try {
    load(text, environment)
  } catch (error) {
    return configProblems(error)
  }
  throw new Error('was accepted')
}
const change = (from: string, to: string) => {
  expect(GOOD).toContain(from)
  return GOOD.replace(from, () => to)
}
/** The only mistake: its code and text. */
const only = (text: string) => {
  const found = mistakes(text)
  expect(found.map((e) => e.code)).toHaveLength(1)
  for (const secret of Object.values(env)) expect(found[0]!.message).not.toContain(secret)
  return `${found[0]!.code} ${found[0]!.message}`
}

describe('alerts: of tributary.yaml', () => {
  it('reads channels, routes, quiet hours and times', () => {
    const { alerts, warnings } = load(GOOD)
    expect(warnings).toEqual([])
    expect(alerts).toEqual({
      channels: {
        ops: { kind: 'webhook', url: 'https://ops.example.com/t', secret: SECRET },
        mail: {
          kind: 'mail',
          host: 'smtp.example.com',
          port: 587,
          tls: 'starttls',
          user: 'u',
          password: 'hunter2',
          from: 'a@example.com',
          to: ['b@example.com'],
        },
        ding: {
          kind: 'dingtalk',
          url: 'https://oapi.dingtalk.com/robot/send?access_token=ding-token',
          secret: 'SECx',
        },
        wecom: { kind: 'wecom', url: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=wecom-key' },
        lark: {
          kind: 'feishu',
          url: 'https://open.larksuite.com/open-apis/bot/v2/hook/wecom-key',
          secret: null,
        },
      },
      routes: [
        { levels: ['red'], causes: [], to: ['ops', 'ding'] },
        { levels: ['red', 'yellow'], causes: ['silence:*', 'parked:erp:X'], to: ['mail'] },
      ],
      quiet: { from: 22 * 60, to: 7 * 60 + 30, levels: ['yellow'] },
      remind: 6 * 3_600_000,
      every: 15_000,
      language: 'zh',
    })
  })

  it('without it nothing is told, and looks go on; without send everything goes everywhere', () => {
    expect(load('').alerts).toMatchObject({
      channels: {},
      remind: 4 * 3_600_000,
      every: 30_000,
      language: 'en',
    })
    const text = 'alerts: { channels: { a: { kind: wecom, key: "${KEY}" } }, remind: "off" }\n'
    const { alerts } = load(text)
    expect(alerts.routes).toEqual([{ levels: ['red', 'yellow'], causes: [], to: ['a'] }])
    expect(alerts.remind).toBeNull()
  })

  it('takes the whole address of a robot as its settings show it, and warns of secrets in the file', () => {
    const url = 'https://oapi.dingtalk.com/robot/send?access_token=abc'
    const { alerts, warnings } = load(`alerts: { channels: { d: { kind: dingtalk, url: "${url}" } } }\n`)
    expect(alerts.channels.d).toEqual({ kind: 'dingtalk', url, secret: null })
    expect(warnings).toMatchObject([{ code: 'SECRET_IN_FILE', line: 4, field: 'alerts.channels.d.url' }])
  })

  it.each([
    [
      'kind: dingtalk,',
      'kind: dingtak,',
      /YAML_VALUE.*:8:19: .*ding\.kind must be one of .*did you mean "dingtalk"/,
    ],
    ['kind: dingtalk, ', '', /YAML_MISSING_KEY .*:8:11: alerts\.channels\.ding\.kind is missing/],
    [
      'token: "${DING}"',
      'tokn: "${DING}"',
      /YAML_UNKNOWN_KEY .*:8:29: .*ding\.tokn is not known here \(did you mean "token"/,
    ],
    ['key: "${KEY}" }', 'key: "${KEY}", secret: x }', /YAML_UNKNOWN_KEY .*wecom\.secret is not known here/],
    ['url: https://ops.example.com/t, ', '', /YAML_MISSING_KEY .*ops\.url is missing/],
    ['https://ops', 'ftp://ops', /YAML_VALUE .*ops\.url must be an address/],
    ['"${HOOK}"', 'whsec_c2hvcnQ=', /CONFIG_VALUE .*:6:\d+: .*ops\.secret must be whsec_ and the base64/],
    ['token: "${DING}", ', '', /CONFIG_CHANNEL_TOKEN_MISSING .*ding states neither token: nor url:/],
    [
      'token: "${DING}"',
      'token: "${DING}", url: https://x.example',
      /CONFIG_CHANNEL_TOKEN_TWICE .*ding\.url stands beside token:/,
    ],
    ['user: u, ', '', /CONFIG_CHANNEL_INCOMPLETE .*mail\.user is missing, but password: is there/],
    [
      'to: [ops, ding]',
      'to: [ops, dnig]',
      /CONFIG_UNKNOWN_CHANNEL .*:12:\d+: alerts\.send\.0\.to\.1: there is no channel "dnig" \(did you mean "ding"/,
    ],
    [
      'level: red',
      'level: redd',
      /YAML_VALUE .*:12:\d+: alerts\.send\.0\.level must be one of red, yellow, all.*did you mean "red"/,
    ],
    ['"silence:*"', '"si lence"', /YAML_VALUE .*causes\.0 must be a cause such as/],
    ['"22:00"', '"22:60"', /YAML_VALUE .*quiet\.from must be a time of day/],
    ['remind: 6h', 'remind: often', /YAML_VALUE .*alerts\.remind must be how often/],
    ['every: 15s', 'every: 10m', /CONFIG_VALUE .*alerts\.every must be from 1s to 5m/],
    [
      'channels:',
      'chanels:',
      /YAML_UNKNOWN_KEY .*alerts\.chanels is not known here \(did you mean "channels"/,
    ],
  ])('%s → %s', (from, to, says) => {
    const text = change(from, to)
    // what refers to the channels is another mistake where there are none
    expect(from === 'channels:' ? only(text.slice(0, text.indexOf('  send:'))) : only(text)).toMatch(says)
  })

  it('names a variable that is not set once, and nothing else about its field', () => {
    const { HOOK: _, DING: __, ...rest } = env
    expect(mistakes(GOOD, rest).map((e) => `${e.code} ${e.detail.name}`)).toEqual([
      'CONFIG_SECRET_MISSING HOOK',
      'CONFIG_SECRET_MISSING DING',
    ])
  })

  it('its schema tells editors what each kind of channel has', () => {
    const schema = JSON.parse(configJsonSchema())
    const channel = Object.values(schema.properties.alerts.properties.channels.patternProperties)[0] as {
      oneOf: { properties: { kind: { const: string } } }[]
    }
    expect(channel.oneOf.map((o) => o.properties.kind.const)).toEqual([
      'webhook',
      'mail',
      'dingtalk',
      'wecom',
      'feishu',
    ])
  })

  it('init shows a commented example that works once it is uncommented', () => {
    const manifests = { shop: { title: 'S', settings: {} }, erp: { title: 'E', settings: {} } }
    const text = initText({
      shop: 'some-shop',
      erp: 'some-erp',
      manifests,
      from: new Date(0),
      schema: './s.json',
    })
    const from = text.indexOf('# alerts:')
    const example = text.slice(from, text.indexOf('\n\n', from)).replace(/^# /gm, '')
    const values = {
      OPS_WEBHOOK_SECRET: SECRET,
      MAIL_PASSWORD: 'p',
      DING_TOKEN: 't',
      DING_SECRET: 's',
      WECOM_KEY: 'k',
      FEISHU_TOKEN: 't',
      FEISHU_SECRET: 's',
    }
    const { alerts, warnings } = load(`${example}\n`, values)
    expect(Object.keys(alerts.channels)).toEqual(['ops', 'mail', 'ding', 'wecom', 'feishu'])
    expect(warnings).toEqual([])
  })
})
