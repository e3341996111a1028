import { type ErrorEntry, thrower } from './error.ts'

/** What can go wrong when a person or a program asks a Tributary for something: CLI, control socket, API. */
export const RUNTIME_ERRORS = {
  RUNTIME_TOKENS_ELSEWHERE: {
    kind: 'config',
    say: {
      en: 'Connection {connection}: its tokens are renewed by the running Tributary alone, so it was not asked from here',
      zh: '连接 {connection}：其令牌只由运行中的 Tributary 更新，因此此处没有调用它',
    },
    fix: {
      en: 'Look at `tributary doctor` while it runs. With PostgreSQL and TRIBUTARY_KEY set, commands share its tokens.',
      zh: '请在其运行时查看 `tributary doctor`。使用 PostgreSQL 并设置 TRIBUTARY_KEY 时，命令会共用其令牌。',
    },
  },
  RUNTIME_INTERNAL: {
    kind: 'internal',
    say: { en: 'A mistake in Tributary itself: {reason}', zh: 'Tributary 内部错误：{reason}' },
    fix: {
      en: 'Nothing that was acknowledged is lost. Look at the log, and report it with the lines around.',
      zh: '已确认的数据不会丢失。请查看日志，并附上相关日志行反馈问题。',
    },
  },
  RUNTIME_CONTROL_LOST: {
    kind: 'transient',
    say: {
      en: 'the running Tributary ended before it answered ({reason})',
      zh: '运行中的 Tributary 在应答之前已结束（{reason}）',
    },
    fix: { en: 'Look whether it still runs, then ask again.', zh: '请确认它仍在运行，然后重试。' },
  },
  RUNTIME_REQUEST: {
    kind: 'input',
    say: { en: '{field}: {reason}', zh: '{field}：{reason}' },
    fix: {
      en: 'Correct the request; "--help" and /v1/openapi.json say what may stand there.',
      zh: '请更正请求；可用的写法见 "--help" 与 /v1/openapi.json。',
    },
  },
  RUNTIME_UNKNOWN: {
    kind: 'input',
    say: { en: 'there is no {what} {id}', zh: '没有这个{what}：{id}' },
    fix: {
      en: 'Look it up: "tributary orders find", "push list", "parked list", "records list" or "token list".',
      zh: '请先查找："tributary orders find"、"push list"、"parked list"、"records list" 或 "token list"。',
    },
  },
  RUNTIME_AMBIGUOUS: {
    kind: 'input',
    say: { en: '{id} means {count} orders: {list}', zh: '{id} 对应 {count} 张订单：{list}' },
    fix: { en: 'Name one of them by its key.', zh: '请用其中一张订单的键指定。' },
  },
  RUNTIME_BYTES_TRIMMED: {
    kind: 'input',
    say: {
      en: 'the bytes of record {id} are gone: their retention time is over',
      zh: '记录 {id} 的原始字节已清除：已超过保留时间',
    },
    fix: {
      en: 'Look in the source system, or in a backup. "retention.raw" says how long bytes are kept.',
      zh: '请在来源系统或备份中查看。保留时间由 "retention.raw" 决定。',
    },
  },
  RUNTIME_BYTES_NONE: {
    kind: 'input',
    say: {
      en: 'record {id} was only a hint that something changed; no bytes are kept of it',
      zh: '记录 {id} 只是变更提示，不保存原始字节',
    },
    fix: {
      en: 'Look at the record that was fetched after it: "tributary records list <order>".',
      zh: '请查看其后读取的记录："tributary records list <订单>"。',
    },
  },
  RUNTIME_STATE: {
    kind: 'conflict',
    say: {
      en: '{action} is not possible while {what} {id} is {state}',
      zh: '{what} {id} 处于 {state} 状态，无法 {action}',
    },
    fix: { en: '{hint}', zh: '{hint}' },
  },
  RUNTIME_UNAUTHORIZED: {
    kind: 'input',
    say: { en: 'this needs an API token', zh: '需要 API 令牌' },
    fix: {
      en: 'Send "Authorization: Bearer <token>"; make one with "tributary token create".',
      zh: '请发送 "Authorization: Bearer <令牌>"；用 "tributary token create" 创建令牌。',
    },
  },
  RUNTIME_FORBIDDEN: {
    kind: 'input',
    say: {
      en: 'this needs a token of the scope {scope}',
      zh: '需要权限为 {scope} 的令牌',
    },
    fix: {
      en: 'Make one with "tributary token create --scope {scope}".',
      zh: '请用 "tributary token create --scope {scope}" 创建。',
    },
  },
  RUNTIME_BUSY: {
    kind: 'transient',
    say: {
      en: 'more is coming in at once than this process takes ({limit} bytes)',
      zh: '同时传入的数据超过本进程的承受量（{limit} 字节）',
    },
    fix: {
      en: 'The sender is asked to try again. If it lasts, run more "serve" processes.',
      zh: '已要求发送方稍后重试。若持续发生，请增加 "serve" 进程。',
    },
  },
  RUNTIME_TOO_LARGE: {
    kind: 'input',
    say: {
      en: 'the body is larger than {limit} bytes',
      zh: '请求内容超过 {limit} 字节',
    },
    fix: {
      en: 'Send less at once, or let Tributary read it by polling.',
      zh: '请减少单次发送量，或改由 Tributary 轮询读取。',
    },
  },
} satisfies Record<string, ErrorEntry>

/** Throws for requests: `throw runtimeError('RUNTIME_UNKNOWN', { what: 'push', id })`. */
export const runtimeError = thrower(RUNTIME_ERRORS)
