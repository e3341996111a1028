/**
 * The shape of tributary.yaml. Validation, the types and the JSON Schema for editors
 * (schemas/tributary.schema.json) all come from it. The descriptions are what an editor shows and what an
 * error says is expected; `zh` is the same in Chinese, where an error can say it.
 */
import { type Static, Type } from 'typebox'
import { DOCUMENT_KINDS } from '../core/states.ts'
import { DURATION_PATTERN } from '../core/time.ts'
import { Alerts } from './schema-alerts.ts'

/** Ids of connections, flows, entities: they appear in URLs, keys and file names. */
const ids = { propertyNames: { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' } }
const closed = { additionalProperties: false }

/** `${NAME}` or `${NAME:-default}`: filled in from the environment before anything else looks at it. */
const REFERENCE = '^\\$\\{[^}]+\\}$'

const Duration = (description: string, zh: string) =>
  Type.String({ pattern: `${DURATION_PATTERN}|${REFERENCE}`, description, zh })

const WholeNumber = (minimum: number, maximum: number, description: string, zh: string) =>
  Type.Union(
    [
      Type.Integer({ minimum, maximum }),
      Type.String({ pattern: `^[0-9]{1,9}$|${REFERENCE}`, description, zh }),
    ],
    { description, zh },
  )

const Kind = Type.Union(DOCUMENT_KINDS.map((k) => Type.Literal(k)))

const Company = Type.Object(
  {
    zone: Type.String({
      description: 'an IANA time zone such as Asia/Shanghai: business dates are days there',
    }),
    currency: Type.String({
      pattern: `^[A-Z]{3}$|${REFERENCE}`,
      description: 'an ISO 4217 code such as CNY: the currency the books are kept in',
      zh: 'ISO 4217 货币代码，例如 CNY：记账本位币',
    }),
    entities: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Object(
          {
            name: Type.String({ minLength: 1, description: 'the legal entity by its name' }),
            taxId: Type.Optional(Type.String()),
            currency: Type.Optional(
              Type.String({
                pattern: '^[A-Z]{3}$',
                description: 'an ISO 4217 code',
                zh: 'ISO 4217 货币代码',
              }),
            ),
            zone: Type.Optional(Type.String({ description: 'an IANA time zone' })),
          },
          closed,
        ),
        {
          ...ids,
          minProperties: 1,
          description: 'legal entities of the group; one called main when left out',
        },
      ),
    ),
  },
  { ...closed, description: 'the company whose books these are' },
)

const Rate = Type.Object(
  {
    calls: WholeNumber(1, 1_000_000, 'calls per interval', '每个时间段内的调用次数（整数）'),
    per: Duration('the interval, such as 1s or 1m', '时间段，例如 1s 或 1m'),
  },
  { ...closed, description: 'never more calls than this, over all processes' },
)

const Poll = Type.Object(
  {
    every: Type.Optional(Type.String({ description: 'a cron line, seconds optional, in UTC' })),
    lag: Type.Optional(
      Duration(
        'how far behind now the reading stays, such as 10s or 2m',
        '读取落后当前时间多久，例如 10s 或 2m',
      ),
    ),
    overlap: Type.Optional(
      Duration(
        'how far each reading reaches back over the one before, such as 10m',
        '每次读取与上一次重叠多久，例如 10m',
      ),
    ),
    off: Type.Optional(Type.Boolean({ description: 'true: the system itself is not asked for this stream' })),
    completeness: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "when the day before is checked for completeness: a cron line in the company's zone, or off; 02:30 when left out",
      }),
    ),
    folder: Type.Optional(
      Type.String({
        description: 'a folder whose files are records of this stream too: .json, .jsonl or .xml',
      }),
    ),
    shape: Type.Optional(
      Type.String({
        description: 'which of the shapes of this stream the files have; the first when left out',
      }),
    ),
  },
  closed,
)

const Connection = Type.Object(
  {
    use: Type.String({ minLength: 1, description: 'a connector: the name of a folder in connectors/' }),
    entity: Type.Optional(Type.String({ description: 'the legal entity it belongs to' })),
    settings: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: 'what the connector needs (settings: in its connector.yaml); secrets as ${NAME}',
      }),
    ),
    concurrency: Type.Optional(
      WholeNumber(
        1,
        64,
        'documents on their way at once, a whole number from 1 to 64',
        '同时发送的单据数，1 到 64 的整数',
      ),
    ),
    rate: Type.Optional(Rate),
    codes: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Record(Type.String(), Type.String({ description: 'text in quotes, so that no digit is lost' })),
        {
          description:
            'code tables: $code("table", key) in mappings; entries that were imported go before these',
        },
      ),
    ),
    poll: Type.Optional(
      Type.Record(Type.String(), Poll, { description: 'per stream, what differs from the connector' }),
    ),
  },
  { ...closed, description: 'one configured use of a connector' },
)

const Flow = Type.Object(
  {
    shops: Type.Array(Type.String(), {
      minItems: 1,
      description: 'a list of connections that orders come from',
    }),
    erp: Type.String({ description: 'the connection that orders go to' }),
    from: Type.String({
      description:
        'an instant with its zone such as 2026-01-01T00:00:00+08:00; orders paid before are never pushed',
    }),
    mode: Type.Union(
      ['off', 'shadow', 'live'].map((m) => Type.Literal(m)),
      { description: 'shadow: everything runs, what would be sent is kept and can be read, nothing is sent' },
    ),
    every: Type.Optional(Type.String({ description: 'a cron line, seconds optional, in UTC' })),
    back: Type.Optional(Type.Array(Kind, { description: 'a list of what travels back to the shops' })),
    adopt: Type.Optional(
      Type.Object(
        {
          number: Type.String({
            minLength: 1,
            description:
              'a JSONata expression over the order: how the tool used before numbered its ERP documents',
          }),
          until: Type.Optional(
            Type.String({ description: 'an instant with its zone; orders paid later are ours alone' }),
          ),
        },
        {
          ...closed,
          description: 'documents of the tool used before are found and bound instead of doubled',
        },
      ),
    ),
  },
  {
    ...closed,
    description: 'which connections feed which, from when on, and whether anything is really sent',
  },
)

/** tributary.yaml. */
export const ConfigFile = Type.Object(
  {
    company: Company,
    connections: Type.Record(Type.String(), Connection, ids),
    flows: Type.Record(Type.String(), Flow, ids),
    policies: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: "the order centre's rules" }),
    ),
    storage: Type.Optional(
      Type.Object(
        {
          data: Type.Optional(Type.String({ minLength: 1, description: 'a folder; ./data when left out' })),
          database: Type.Optional(
            Type.String({
              description:
                'a postgres:// address; embedded in the data folder when left out (or DATABASE_URL)',
            }),
          ),
          redis: Type.Optional(
            Type.String({
              description: 'a redis:// or rediss:// address; on the database when left out (or REDIS_URL)',
            }),
          ),
        },
        closed,
      ),
    ),
    http: Type.Optional(
      Type.Object(
        {
          host: Type.Optional(
            Type.String({ minLength: 1, description: 'an address to listen on; 127.0.0.1 when left out' }),
          ),
          port: Type.Optional(
            WholeNumber(
              0,
              65535,
              'a port, 0 to 65535; 8080 when left out',
              '端口，0 到 65535；省略时为 8080',
            ),
          ),
        },
        closed,
      ),
    ),
    health: Type.Optional(
      Type.Object(
        {
          host: Type.Optional(
            Type.String({ minLength: 1, description: 'an address to listen on; 127.0.0.1 when left out' }),
          ),
          port: Type.Optional(
            WholeNumber(
              0,
              65535,
              'a port, 0 to 65535; 8081 when left out (any free one where it is taken)',
              '端口，0 到 65535；省略时为 8081（被占用时任选空闲端口）',
            ),
          ),
          off: Type.Optional(Type.Boolean({ description: 'true: `work` listens nowhere' })),
        },
        { ...closed, description: 'where `work` answers /healthz, /readyz and /metrics' },
      ),
    ),
    alerts: Type.Optional(Alerts),
    retention: Type.Optional(
      Type.Object(
        {
          raw: Type.Optional(
            Duration('how long untouched records are kept, such as 90d', '原始记录保留多久，例如 90d'),
          ),
        },
        closed,
      ),
    ),
    log: Type.Optional(
      Type.Object(
        { level: Type.Optional(Type.Union(['debug', 'info', 'warn', 'error'].map((l) => Type.Literal(l)))) },
        closed,
      ),
    ),
  },
  closed,
)
export type ConfigFile = Static<typeof ConfigFile>

/** The parts that belong to each process: it reads them of its own file when it starts, whatever is active. */
export const OWN_PARTS = ['storage', 'http', 'health', 'log'] as const
export const OwnParts = Type.Pick(ConfigFile, [...OWN_PARTS])

/** Where the generated JSON Schema lies in this installation. */
export const SCHEMA_FILE = new URL('../../schemas/tributary.schema.json', import.meta.url)

/** The JSON Schema for editors, as text: what schemas/tributary.schema.json must hold. */
export function configJsonSchema(): string {
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Tributary configuration',
    ...JSON.parse(JSON.stringify(ConfigFile, (key, value) => (key === 'zh' ? undefined : value))),
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}
