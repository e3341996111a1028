/** The first tributary.yaml of an integrator: commented, complete, in shadow. */
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Manifest } from '../connector/manifest.ts'
import { SCHEMA_FILE } from './schema.ts'

export interface InitOptions {
  /** Connector ids. */
  shop: string
  erp: string
  manifests: { shop: Pick<Manifest, 'settings' | 'title'>; erp: Pick<Manifest, 'settings' | 'title'> }
  /** The flow's `from`. */
  from: Date
  /** What stands behind `$schema=`. */
  schema: string
}

/**
 * How a file in `folder` refers to the JSON Schema: by relative path where folder and installation belong
 * together (a clone, node_modules), else null: then a copy is written beside it.
 */
export function schemaReference(folder: string): string | null {
  const schema = fileURLToPath(SCHEMA_FILE)
  const path = relative(folder, schema).replaceAll('\\', '/')
  // one of the two holds the other: a folder of the clone, or a project that has us in node_modules
  const inClone = !relative(join(schema, '..', '..'), folder).startsWith('..')
  if ((path.startsWith('..') && !inClone) || /^([a-z]:|\/)/i.test(path)) return null
  return path.startsWith('.') ? path : `./${path}`
}

/** The text of a tributary.yaml. Secrets are references; every setting carries its description. */
export function initText({ shop, erp, manifests, from, schema }: InitOptions): string {
  return `# yaml-language-server: $schema=${schema}
#
# Tributary: which shops feed which ERP. "tributary check" says what is still missing here.
# Text like \${NAME} is filled in from the environment; keep secrets there, never in this file.

# Whose books these are. Business dates are days in this zone; the ERP's company currency is this one.
company:
  zone: Asia/Shanghai
  currency: CNY
  entities:
    main: { name: Example Trading }

# One entry per shop and per ERP account. "use" names a connector (a folder in connectors/).
connections:
  # ${manifests.shop.title}
  my-shop:
    use: ${shop}
    entity: main
    settings:
${settingsText('my-shop', manifests.shop.settings)}
  # ${manifests.erp.title}
  my-erp:
    use: ${erp}
    entity: main
    settings:
${settingsText('my-erp', manifests.erp.settings)}
    # At most two documents on their way at once, and never more than ten calls a second.
    concurrency: 2
    rate: { calls: 10, per: 1s }
    # Code tables: $code('material', sku) in mappings. Values in quotes; long tables by "tributary codes import".
    codes:
      rate: { CNY: "1" }

# What runs.
flows:
  web-orders:
    shops: [my-shop]
    erp: my-erp
    # Orders paid before this instant are kept as history and never pushed.
    from: ${from.toISOString().replace('.000', '')}
    # shadow: everything runs, the exact bytes that would be sent are kept ("tributary push list"), nothing
    # is sent. live: they are sent. off: the flow stands still.
    mode: shadow
    # What travels back to the shops, e.g. [shipment].
    # back: [shipment]

# Where Tributary keeps what it knows. Left out: a database of its own in ./data.
# storage:
#   database: \${DATABASE_URL}
#   redis: \${REDIS_URL}

# Webhooks, /healthz, /metrics and /v1 listen here.
http: { host: 127.0.0.1, port: 8080 }
# Processes of "tributary work" answer /healthz, /readyz and /metrics here.
# health: { host: 127.0.0.1, port: 8081 }

# Who is told when something is wrong: a shop that falls silent, an ERP that refuses, orders that wait. Try each with
# "tributary alerts test <channel>".
# alerts:
#   language: zh
#   channels:
#     ops: { kind: webhook, url: https://ops.example.com/tributary, secret: "\${OPS_WEBHOOK_SECRET}" }
#     mail: { kind: mail, host: smtp.example.com, user: alerts, password: "\${MAIL_PASSWORD}", from: alerts@example.com, to: [it@example.com] }
#     ding: { kind: dingtalk, token: "\${DING_TOKEN}", secret: "\${DING_SECRET}" }
#     wecom: { kind: wecom, key: "\${WECOM_KEY}" }
#     feishu: { kind: feishu, token: "\${FEISHU_TOKEN}", secret: "\${FEISHU_SECRET}" }
#   send:
#     - { level: red, to: [ops, ding] }
#     - { level: yellow, to: [mail] }
#   quiet: { from: "22:00", to: "07:00" }
#   remind: 4h

# How long untouched records (with names and addresses) are kept.
retention: { raw: 90d }
`
}

function settingsText(connection: string, settings: Manifest['settings']): string {
  const lines: string[] = []
  for (const [name, spec] of Object.entries(settings)) {
    const leftOut = spec.optional || spec.default !== undefined
    lines.push(`# ${spec.description.replace(/\s+/g, ' ')}`)
    const value = spec.secret
      ? `"\${${environmentName(connection, name)}}"`
      : JSON.stringify(spec.default ?? spec.values?.[0] ?? '')
    lines.push(`${leftOut ? '# ' : ''}${name}: ${value}`)
  }
  return lines.length > 0 ? lines.map((line) => `      ${line}`).join('\n') : '      {}'
}

/** my-shop, apiToken → MY_SHOP_API_TOKEN */
function environmentName(connection: string, setting: string): string {
  return `${connection}_${setting}`
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toUpperCase()
}
