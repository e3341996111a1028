/** The shape of `alerts:` in tributary.yaml; see schema.ts. */
import { type Static, type TObject, Type } from 'typebox'
import { ALERT_LEVELS, CAUSE_PATTERN } from '../core/alerts.ts'
import { DURATION_PATTERN } from '../core/time.ts'

const closed = { additionalProperties: false }
const REFERENCE = '^\\$\\{[^}]+\\}$'

const text = (description: string, zh: string) => Type.String({ minLength: 1, description, zh })
const optional = (description: string, zh: string) => Type.Optional(text(description, zh))
const Address = (description: string, zh: string) =>
  Type.String({ pattern: `^https?://\\S+$|${REFERENCE}`, description, zh })

const ROBOT = {
  url: Type.Optional(
    Address(
      "an address: the robot's, as its settings show it; instead of the token",
      '机器人设置中显示的完整地址，可代替 token 或 key',
    ),
  ),
  base: Type.Optional(
    Address('an address up to the token, where it is not the usual one', '非默认服务时，token 之前的地址'),
  ),
}

const Webhook = Type.Object(
  {
    kind: Type.Literal('webhook'),
    url: Address('an address that programs listen on (Standard Webhooks)', '接收程序的地址'),
    secret: text(
      'whsec_ and base64 of 24 to 64 bytes, as ${NAME}',
      'whsec_ 加 24 到 64 字节的 base64，用 ${NAME} 引用',
    ),
  },
  closed,
)

const Mail = Type.Object(
  {
    kind: Type.Literal('mail'),
    host: text('the mail server', '邮件服务器'),
    port: Type.Optional(
      Type.Union(
        [
          Type.Integer({ minimum: 1, maximum: 65535 }),
          Type.String({ pattern: `^[0-9]{1,5}$|${REFERENCE}`, description: 'a port', zh: '端口' }),
        ],
        { description: 'a port; 465 with tls, 587 with starttls, 25 with none', zh: '端口，默认随 tls 而定' },
      ),
    ),
    tls: Type.Optional(
      Type.Union(
        ['tls', 'starttls', 'none'].map((t) => Type.Literal(t)),
        { description: 'how it is encrypted; starttls when left out' },
      ),
    ),
    user: optional('for servers that want to know who sends', '登录用户名'),
    password: optional('as ${NAME}', '用 ${NAME} 引用'),
    from: Type.String({
      pattern: `@|${REFERENCE}`,
      description: 'an address that it comes from',
      zh: '发件地址',
    }),
    to: Type.Array(
      Type.String({ pattern: `@|${REFERENCE}`, description: 'a mail address', zh: '邮箱地址' }),
      {
        minItems: 1,
        description: 'a list of addresses',
      },
    ),
  },
  closed,
)

const Dingtalk = Type.Object(
  {
    kind: Type.Literal('dingtalk'),
    token: optional('access_token of a group robot, as ${NAME}', '群机器人的 access_token，用 ${NAME} 引用'),
    ...ROBOT,
    secret: optional('its signing secret (SEC…), as ${NAME}', '加签密钥（SEC…），用 ${NAME} 引用'),
  },
  closed,
)

const Wecom = Type.Object(
  {
    kind: Type.Literal('wecom'),
    key: optional('key of a group robot, as ${NAME}', '群机器人的 key，用 ${NAME} 引用'),
    ...ROBOT,
  },
  closed,
)

const Feishu = Type.Object(
  {
    kind: Type.Literal('feishu'),
    token: optional(
      'last part of the address of a group robot, as ${NAME}',
      '机器人地址的最后一段，用 ${NAME} 引用',
    ),
    ...ROBOT,
    secret: optional('its signing secret, as ${NAME}', '签名校验密钥，用 ${NAME} 引用'),
  },
  closed,
)

export type ChannelFile =
  | Static<typeof Webhook>
  | Static<typeof Mail>
  | Static<typeof Dingtalk>
  | Static<typeof Wecom>
  | Static<typeof Feishu>

/** Chosen by `kind`, so that what is wrong is said by the rules of that kind alone. */
function byKind<T>(branches: TObject[], description: string) {
  return Type.Unsafe<T>({
    type: 'object',
    description,
    discriminator: { propertyName: 'kind' },
    required: ['kind'],
    oneOf: branches,
  } as never)
}

const Levels = Type.Union([...ALERT_LEVELS, 'all'].map((l) => Type.Literal(l)))
const Clock = Type.String({
  pattern: `^([01][0-9]|2[0-3]):[0-5][0-9]$|${REFERENCE}`,
  description: 'a time of day such as "22:00", in quotes',
  zh: '一天中的时刻，例如 "22:00"（加引号）',
})
const Duration = (description: string, zh: string) =>
  Type.String({ pattern: `${DURATION_PATTERN}|${REFERENCE}`, description, zh })

/** `alerts:` */
export const Alerts = Type.Object(
  {
    channels: Type.Optional(
      Type.Record(
        Type.String(),
        byKind<ChannelFile>([Webhook, Mail, Dingtalk, Wecom, Feishu], 'one way to be told'),
        { propertyNames: { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' } },
      ),
    ),
    send: Type.Optional(
      Type.Array(
        Type.Object(
          {
            level: Levels,
            to: Type.Array(Type.String(), { minItems: 1, description: 'a list of channels' }),
            causes: Type.Optional(
              Type.Array(
                Type.String({
                  pattern: `${CAUSE_PATTERN}|${REFERENCE}`,
                  description: 'a cause such as silence:web/order, or the beginning of some and *',
                  zh: '告警原因，例如 silence:web/order，或以 * 结尾的前缀',
                }),
                { minItems: 1, description: 'only these; all when left out' },
              ),
            ),
          },
          closed,
        ),
        { description: 'a list of what goes where; everything to every channel when left out' },
      ),
    ),
    quiet: Type.Optional(
      Type.Object(
        {
          from: Clock,
          to: Clock,
          levels: Type.Optional(
            Type.Array(Type.Union(ALERT_LEVELS.map((l) => Type.Literal(l))), {
              minItems: 1,
              description: 'a list of what waits; [yellow] when left out',
            }),
          ),
        },
        { ...closed, description: "hours in which messages wait, on the clock of the company's zone" },
      ),
    ),
    remind: Type.Optional(
      Type.String({
        pattern: `${DURATION_PATTERN}|^off$|${REFERENCE}`,
        description: 'how often what is still open is told again, such as 4h (when left out), or off',
        zh: '未恢复时多久再提醒一次，例如 4h（默认），或 off',
      }),
    ),
    every: Type.Optional(
      Duration('how far apart looks are, 30s when left out, 5m at most', '检查间隔，默认 30s，最长 5m'),
    ),
    language: Type.Optional(
      Type.Union(
        ['en', 'zh'].map((l) => Type.Literal(l)),
        { description: 'what messages are written in; en when left out' },
      ),
    ),
  },
  { ...closed, description: 'who is told when something is wrong' },
)
