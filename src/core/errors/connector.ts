import { type ErrorEntry, thrower } from './error.ts'

export const CONNECTOR_ERRORS = {
  CONNECTOR_UNKNOWN: {
    kind: 'config',
    say: { en: 'There is no connector "{id}"{near}', zh: '没有名为“{id}”的连接器{near}' },
    fix: {
      en: 'Use one of: {known}; or put its folder, with a connector.yaml, into connectors/.',
      zh: '可用的连接器：{known}；也可以把带 connector.yaml 的文件夹放进 connectors/。',
    },
  },
  CONNECTOR_FOLDER: {
    kind: 'config',
    say: { en: 'Connector folder {folder}: {reason}', zh: '连接器目录 {folder}：{reason}' },
    fix: {
      en: 'See connectors/README.md for what a connector folder holds.',
      zh: '连接器目录的内容见 connectors/README.md。',
    },
  },
  CONNECTOR_FIXTURE: {
    kind: 'config',
    say: { en: '{file}: {reason}', zh: '{file}：{reason}' },
    fix: {
      en: 'A fixture is one recorded exchange; docs/guide/connector-kit.md shows its form.',
      zh: '每个 fixture 是一次录制的请求与应答；格式见 docs/guide/connector-kit.md。',
    },
  },
  CONNECTOR_WAIVER: {
    kind: 'config',
    say: { en: '{file}: {reason}', zh: '{file}：{reason}' },
    fix: {
      en: 'One waiver at most, with its reason; never of write-twice, write-lost-answer, gaps or signatures.',
      zh: '至多豁免一项并写明原因；write-twice、write-lost-answer、gaps 和签名检查不可豁免。',
    },
  },
  CONNECTOR_COVERAGE: {
    kind: 'config',
    say: { en: '{file}: "{name}" is no operation', zh: '{file}：“{name}”不是操作名' },
    fix: {
      en: 'An operation is a document and its way, such as order.in or shipment.out; documents: {kinds}.',
      zh: '操作写作“单据.方向”，如 order.in 或 shipment.out；单据：{kinds}。',
    },
  },
  CONNECTOR_NEW: {
    kind: 'config',
    say: { en: 'The connector cannot be written: {reason}', zh: '无法生成连接器：{reason}' },
    fix: {
      en: 'Correct the answer or the option; "tributary connector new --help" lists them.',
      zh: '请修改回答或选项；“tributary connector new --help” 列出全部选项。',
    },
  },
  CONNECTOR_HOOKS: {
    kind: 'config',
    say: { en: '{file}: {reason}', zh: '{file}：{reason}' },
    fix: {
      en: 'hooks.ts default-exports a plain object that satisfies Hooks; its names are those of connector.yaml.',
      zh: 'hooks.ts 默认导出一个符合 Hooks 的普通对象，其中的名称与 connector.yaml 一致。',
    },
  },
  CONNECTOR_SETTING_MISSING: {
    kind: 'config',
    say: {
      en: 'Connection {connection}: the setting "{setting}" is missing ({description})',
      zh: '连接 {connection}：缺少设置“{setting}”（{description}）',
    },
    fix: {
      en: 'Add it under connections.{connection}.settings; a secret as "${NAME}", kept in the environment.',
      zh: '请在 connections.{connection}.settings 中补上；密钥写成 "${NAME}"，值放在环境变量里。',
    },
  },
  CONNECTOR_SETTING_UNKNOWN: {
    kind: 'config',
    say: {
      en: 'Connection {connection}: the connector {connector} has no setting "{setting}"{near}',
      zh: '连接 {connection}：连接器 {connector} 没有设置“{setting}”{near}',
    },
    fix: { en: 'Its settings are: {known}.', zh: '它的设置有：{known}。' },
  },
  CONNECTOR_SETTING_VALUE: {
    kind: 'config',
    say: {
      en: 'Connection {connection}: the setting "{setting}" must be {expected}, found {found}',
      zh: '连接 {connection}：设置“{setting}”应为 {expected}，实际是 {found}',
    },
    fix: { en: '{description}', zh: '{description}' },
  },
  CONNECTOR_ADDRESS: {
    kind: 'config',
    say: {
      en: 'Connection {connection}: {reason}',
      zh: '连接 {connection}：{reason}',
    },
    fix: { en: 'Correct the address in the settings.', zh: '请修改设置中的地址。' },
  },
  CONNECTOR_UNREACHABLE: {
    kind: 'transient',
    say: {
      en: 'Connection {connection}: no answer from {host} ({reason})',
      zh: '连接 {connection}：{host} 没有应答（{reason}）',
    },
    fix: {
      en: 'It is tried again by itself. If it lasts, look at the address, the network, the proxy and the remote system.',
      zh: '系统会自动重试。如持续出现，请检查地址、网络、代理和对方系统。',
    },
  },
  CONNECTOR_DENIED: {
    kind: 'config',
    say: {
      en: 'Connection {connection}: {host} refuses the credentials ({reason})',
      zh: '连接 {connection}：{host} 拒绝了凭证（{reason}）',
    },
    fix: {
      en: 'Check the token or password and its rights, then resume the connection.',
      zh: '请检查令牌或密码及其权限，然后恢复该连接。',
    },
  },
  CONNECTOR_THROTTLED: {
    kind: 'transient',
    say: {
      en: 'Connection {connection}: {host} asks to slow down ({reason})',
      zh: '连接 {connection}：{host} 要求放慢速度（{reason}）',
    },
    fix: {
      en: 'It is tried again by itself. If it lasts, lower `rate` or `concurrency` of the connection.',
      zh: '系统会自动重试。如持续出现，请调低该连接的 rate 或 concurrency。',
    },
  },
  CONNECTOR_TOKEN_DEAD: {
    kind: 'config',
    say: {
      en: 'Connection {connection}: no token can be got any more ({reason})',
      zh: '连接 {connection}：已无法获取令牌（{reason}）',
    },
    fix: {
      en: 'Authorise Tributary again on the platform, put the new token or refresh token into the settings, then resume the connection.',
      zh: '请在平台上重新授权，把新的令牌或刷新令牌写入设置，然后恢复该连接。',
    },
  },
  CONNECTOR_PAGE_EXPIRED: {
    kind: 'transient',
    say: {
      en: 'Connection {connection}: {host} does not know the next page any more ({reason})',
      zh: '连接 {connection}：{host} 已不认得下一页（{reason}）',
    },
    fix: {
      en: 'Nothing to do: the window is read again from its beginning, and nothing is kept twice.',
      zh: '无需处理：该窗口会从头重读，不会重复保存。',
    },
  },
  CONNECTOR_ANSWER_FAILED: {
    kind: 'transient',
    say: {
      en: 'Connection {connection}: {host} failed ({reason})',
      zh: '连接 {connection}：{host} 出错（{reason}）',
    },
    fix: {
      en: 'It is tried again by itself. If it lasts, ask whoever runs the remote system.',
      zh: '系统会自动重试。如持续出现，请联系对方系统的管理员。',
    },
  },
  CONNECTOR_ANSWER_REFUSED: {
    kind: 'config',
    say: {
      en: 'Connection {connection}: {host} does not take this request ({reason})',
      zh: '连接 {connection}：{host} 不接受这个请求（{reason}）',
    },
    fix: {
      en: 'Check the address, the API version and the rights in the settings.',
      zh: '请检查设置中的地址、接口版本和权限。',
    },
  },
  CONNECTOR_STREAM_UNREADABLE: {
    kind: 'input',
    say: {
      en: 'Connection {connection} has no stream "{stream}" that can be read {how}',
      zh: '连接 {connection} 没有可以{how}读取的数据流“{stream}”',
    },
    fix: {
      en: 'Streams of it that can: {known}. What a connector reads stands under "read" in its connector.yaml.',
      zh: '可以这样读取的数据流：{known}。连接器能读取什么，见其 connector.yaml 的 "read"。',
    },
  },
  CONNECTOR_ANSWER_UNREADABLE: {
    kind: 'transient',
    say: { en: 'The answer cannot be read: {reason}', zh: '无法读取应答：{reason}' },
    fix: {
      en: 'It is tried again by itself. If it lasts, a proxy or an error page may stand where the API should be.',
      zh: '系统会自动重试。如持续出现，可能是代理或错误页面挡在了接口前面。',
    },
  },
  CONNECTOR_RECORD_UNREADABLE: {
    kind: 'input',
    say: { en: 'The record cannot be read: {reason}', zh: '无法读取记录：{reason}' },
    fix: {
      en: 'The record is kept as it came. Ask the sender to send it again, or discard it.',
      zh: '记录已按原样保留。请让发送方重发，或将其作废。',
    },
  },
  WEBHOOK_SIGNATURE: {
    kind: 'input',
    say: { en: 'Webhook {topic}: {reason}', zh: 'Webhook {topic} 未通过验证：{reason}' },
    fix: {
      en: 'The secret in the settings must be the one the sender signs with.',
      zh: '设置中的密钥必须与发送方签名所用的一致。',
    },
  },
  WEBHOOK_SECRET_MISSING: {
    kind: 'config',
    say: {
      en: 'Connection {connection}: no secret is set for the webhook {topic}, so its deliveries would all be refused',
      zh: '连接 {connection}：webhook {topic} 没有设置密钥，推送会全部被拒收',
    },
    fix: {
      en: 'Set the secret that the connector names for its webhooks, then run the command again.',
      zh: '请设置连接器为 webhook 指定的密钥，然后重新执行命令。',
    },
  },
  WEBHOOK_NO_SUBSCRIPTIONS: {
    kind: 'config',
    say: {
      en: 'Connection {connection}: {connector} cannot be told by its API where to send webhooks',
      zh: '连接 {connection}：{connector} 无法通过接口设置 webhook 地址',
    },
    fix: {
      en: "Enter the addresses by hand on the platform's side; the connector's README says where.",
      zh: '请在平台侧手工填写地址；位置见连接器的 README。',
    },
  },
  WEBHOOK_NO_ADDRESS: {
    kind: 'config',
    say: {
      en: 'It is not known under which address the platform reaches this installation',
      zh: '不知道平台通过哪个地址访问本系统',
    },
    fix: {
      en: 'Set http.publicUrl in tributary.yaml (https://hooks.example.com), or give --public-url.',
      zh: '请在 tributary.yaml 中设置 http.publicUrl（https://hooks.example.com），或使用 --public-url。',
    },
  },
  WEBHOOK_UNREADABLE: {
    kind: 'input',
    say: {
      en: 'Webhook {topic}: the payload cannot be read: {reason}',
      zh: 'Webhook {topic}：无法读取内容：{reason}',
    },
    fix: {
      en: 'The delivery was refused and nothing is kept; polling reads the same documents.',
      zh: '该推送已被拒收；轮询会读到同样的单据。',
    },
  },
} satisfies Record<string, ErrorEntry>

export const connectorError = thrower(CONNECTOR_ERRORS)
