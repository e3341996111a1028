import { type ErrorEntry, thrower } from './error.ts'

/** What can be wrong with tributary.yaml, its environment and the way the program was called. */
export const CONFIG_ERRORS = {
  CONFIG_FILE_MISSING: {
    kind: 'config',
    say: { en: 'there is no {file}', zh: '找不到 {file}' },
    fix: {
      en: 'Write one with "tributary init", or name another with --config.',
      zh: '用 "tributary init" 生成一份，或用 --config 指定其他文件。',
    },
  },
  CONFIG_FILE_UNREADABLE: {
    kind: 'config',
    say: { en: '{file} cannot be read: {reason}', zh: '无法读取 {file}：{reason}' },
    fix: { en: 'Give this user the right to read it.', zh: '请给当前用户读取该文件的权限。' },
  },
  CONFIG_FILE_EXISTS: {
    kind: 'config',
    say: { en: '{file} is there already', zh: '{file} 已经存在' },
    fix: { en: 'Name another file, or move this one away.', zh: '请换一个文件名，或先移走现有文件。' },
  },
  CONFIG_INVALID: {
    kind: 'config',
    say: { en: '{file} has {count} mistakes:\n{list}', zh: '{file} 有 {count} 处错误：\n{list}' },
    fix: { en: 'Correct the lines named above.', zh: '请修改以上各行。' },
  },
  CONFIG_SECRET_MISSING: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field} refers to the environment variable {name}, which is not set{near}',
      zh: '{file}:{line}:{column}：{field} 引用的环境变量 {name} 没有设置{near}',
    },
    fix: {
      en: 'Set {name} in the environment that starts Tributary.',
      zh: '请在启动 Tributary 的环境中设置 {name}。',
    },
  },
  CONFIG_KEY_MISSING: {
    kind: 'config',
    say: {
      en: 'Connection {connection}: its tokens are renewed and must be kept, but TRIBUTARY_KEY is not set',
      zh: '连接 {connection}：其令牌会更新且必须保存，但未设置 TRIBUTARY_KEY',
    },
    fix: {
      en: 'Set TRIBUTARY_KEY to 32 random bytes for all processes, and keep it as safe as a password: `openssl rand -base64 32`.',
      zh: '请为所有进程把 TRIBUTARY_KEY 设为 32 个随机字节，并像密码一样保管：`openssl rand -base64 32`。',
    },
  },
  CONFIG_KEY: {
    kind: 'config',
    say: {
      en: 'TRIBUTARY_KEY must be 32 bytes in base64 or hexadecimal, found {found}',
      zh: 'TRIBUTARY_KEY 必须是 base64 或十六进制的 32 个字节，实际为 {found}',
    },
    fix: {
      en: 'Make one: `openssl rand -base64 32`. With another key than before, tokens that are kept cannot be opened.',
      zh: '生成方法：`openssl rand -base64 32`。换了密钥后，已保存的令牌将无法打开。',
    },
  },
  CONFIG_SECRET_MARK: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field} holds the mark of a secret that was left out, not the secret',
      zh: '{file}:{line}:{column}：{field} 处是被去掉的密钥的标记，而不是密钥本身',
    },
    fix: {
      en: 'Write a reference to an environment variable there, or the secret itself.',
      zh: '请在此处引用环境变量，或写入密钥本身。',
    },
  },
  CONFIG_UNKNOWN_CONNECTOR: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field}: there is no connector "{name}"{near}',
      zh: '{file}:{line}:{column}：{field}：没有名为 "{name}" 的连接器{near}',
    },
    fix: { en: 'Use one of: {allowed}.', zh: '可用的连接器：{allowed}。' },
  },
  CONFIG_UNKNOWN_STREAM: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field}: the connector has no stream "{name}"{near}',
      zh: '{file}:{line}:{column}：{field}：连接器没有名为 "{name}" 的数据流{near}',
    },
    fix: { en: 'Streams of this connector: {allowed}.', zh: '该连接器的数据流：{allowed}。' },
  },
  CONFIG_UNKNOWN_CONNECTION: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field}: there is no connection "{name}"{near}',
      zh: '{file}:{line}:{column}：{field}：没有名为 "{name}" 的连接{near}',
    },
    fix: {
      en: 'Name one that stands under connections: {allowed}.',
      zh: '请使用 connections 下已有的连接：{allowed}。',
    },
  },
  CONFIG_UNKNOWN_CHANNEL: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field}: there is no channel "{name}"{near}',
      zh: '{file}:{line}:{column}：{field}：没有名为 "{name}" 的告警渠道{near}',
    },
    fix: {
      en: 'Name one that stands under alerts.channels: {allowed}.',
      zh: '请使用 alerts.channels 下已有的渠道：{allowed}。',
    },
  },
  CONFIG_CHANNEL_TOKEN_MISSING: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field} states neither {token}: nor url:',
      zh: '{file}:{line}:{column}：{field} 没有写明 {token}: 或 url:',
    },
    fix: {
      en: "Add {token}:, or url: with the whole address that the robot's settings show.",
      zh: '请补上 {token}:，或在 url: 中填写机器人设置里显示的完整地址。',
    },
  },
  CONFIG_CHANNEL_TOKEN_TWICE: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field} stands beside {token}:, which says the same',
      zh: '{file}:{line}:{column}：{field} 与 {token}: 重复',
    },
    fix: { en: 'Keep one of the two.', zh: '只保留其中一个。' },
  },
  CONFIG_CHANNEL_INCOMPLETE: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field} is missing, but {beside}: is there',
      zh: '{file}:{line}:{column}：已写 {beside}:，但缺少 {field}',
    },
    fix: { en: 'Add {missing}:, or leave both out.', zh: '请补上 {missing}:，或两者都不写。' },
  },
  CONFIG_UNKNOWN_ENTITY: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field}: there is no entity "{name}"{near}',
      zh: '{file}:{line}:{column}：{field}：没有名为 "{name}" 的法人主体{near}',
    },
    fix: {
      en: 'Name one that stands under company.entities: {allowed}.',
      zh: '请使用 company.entities 下已有的主体：{allowed}。',
    },
  },
  CONFIG_ENTITY_UNSTATED: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field} must say to which entity it belongs, because the company has several',
      zh: '{file}:{line}:{column}：公司有多个法人主体，{field} 必须写明属于哪一个',
    },
    fix: { en: 'Add entity: with one of {allowed}.', zh: '请加上 entity:，取值为 {allowed} 之一。' },
  },
  CONFIG_SETTING_UNKNOWN: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field}: the connector {connector} has no setting of that name{near}',
      zh: '{file}:{line}:{column}：{field}：连接器 {connector} 没有这个设置项{near}',
    },
    fix: { en: 'Known settings: {allowed}.', zh: '可用的设置项：{allowed}。' },
  },
  CONFIG_SETTING_MISSING: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field} is missing: the connector {connector} needs it ({description})',
      zh: '{file}:{line}:{column}：缺少 {field}：连接器 {connector} 需要它（{description}）',
    },
    fix: { en: 'Add it under settings:.', zh: '请在 settings: 下补上。' },
  },
  CONFIG_SETTING_VALUE: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field} must be {expected}, found {found}{near}',
      zh: '{file}:{line}:{column}：{field} 应为 {expected}，实际是 {found}{near}',
    },
    fix: { en: '{description}', zh: '{description}' },
  },
  CONFIG_FLOW_FROM_MISSING: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: the flow {name} does not state from:',
      zh: '{file}:{line}:{column}：流程 {name} 没有写明 from:',
    },
    fix: {
      en: 'Add from: with an instant, for example "from: {example}". Orders paid before it are kept as history and never pushed.',
      zh: '请加上 from: 时间点，例如 "from: {example}"。在此之前付款的订单只作历史保存，不会推送。',
    },
  },
  CONFIG_FLOW_MODE_MISSING: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: the flow {name} does not state mode:',
      zh: '{file}:{line}:{column}：流程 {name} 没有写明 mode:',
    },
    fix: {
      en: 'Add "mode: shadow" (everything runs, nothing is sent); "live" once you have looked at what would be sent; "off" to stop it.',
      zh: '请加上 "mode: shadow"（全部运行但不发送）；核对将发送的内容后改为 "live"；"off" 表示停用。',
    },
  },
  CONFIG_FLOW_SAME: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field}: {name} feeds {erp} in the flow {other} already',
      zh: '{file}:{line}:{column}：{field}：{name} 已在流程 {other} 中送往 {erp}',
    },
    fix: {
      en: 'Take the shop out of one of the two flows, else its orders would be written twice.',
      zh: '请从其中一个流程中去掉该店铺，否则订单会重复写入。',
    },
  },
  CONFIG_ADDRESS: {
    kind: 'config',
    say: {
      en: 'cannot listen on {host}:{port}: {reason}',
      zh: '无法监听 {host}:{port}：{reason}',
    },
    fix: {
      en: 'Stop what listens there, or take another address: http: in tributary.yaml, or --host and --port.',
      zh: '请停止占用该地址的程序，或更换地址：tributary.yaml 的 http:，或 --host 与 --port。',
    },
  },
  CONFIG_VALUE: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field} must be {expected}, found {found}{near}',
      zh: '{file}:{line}:{column}：{field} 应为 {expected}，实际是 {found}{near}',
    },
    fix: { en: 'Correct the line that the message names.', zh: '请修改消息中指出的那一行。' },
  },
} satisfies Record<string, ErrorEntry>

/** Throws for configuration: `throw configError('CONFIG_FILE_MISSING', { file })`. */
export const configError = thrower(CONFIG_ERRORS)
