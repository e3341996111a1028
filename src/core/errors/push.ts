import { type ErrorEntry, thrower } from './error.ts'

const lookThenResolve = {
  en: 'Look in the target system, then say what is true: `tributary push resolve {push}` with `--written <id>`, `--not-written` or `--withdraw`.',
  zh: '请在目标系统中查看，然后用 `tributary push resolve {push}` 加 `--written <id>`、`--not-written` 或 `--withdraw` 说明实际情况。',
}

export const PUSH_ERRORS = {
  PUSH_REJECTED: {
    kind: 'input',
    say: { en: '{connection} refused the document: {reason}', zh: '{connection} 拒绝了该单据:{reason}' },
    fix: {
      en: 'Correct the order in the shop, the mapping or the code table, then `tributary push retry {push}`.',
      zh: '请更正店铺订单、映射或代码表,然后执行 `tributary push retry {push}`。',
    },
  },
  PUSH_CONFLICT: {
    kind: 'conflict',
    say: {
      en: '{connection} already holds a document under this key, although it was never sent from here',
      zh: '{connection} 中已有使用该键的单据,但并非由此处发送',
    },
    fix: lookThenResolve,
  },
  PUSH_FOUND_DIFFERENT: {
    kind: 'conflict',
    say: { en: '{connection}: {reason}', zh: '{connection}:{reason}' },
    fix: lookThenResolve,
  },
  PUSH_DOUBLED: {
    kind: 'conflict',
    say: { en: '{connection} holds {reason}', zh: '{connection} 中存在:{reason}' },
    fix: {
      en: 'Cancel the surplus documents there, then `tributary push resolve {push} --written <id>`.',
      zh: '请在目标系统中作废多余单据,然后执行 `tributary push resolve {push} --written <id>`。',
    },
  },
  PUSH_IN_DOUBT: {
    kind: 'conflict',
    say: {
      en: '{connection} never said clearly whether it has the document: {reason}',
      zh: '{connection} 未能明确是否已收到该单据:{reason}',
    },
    fix: lookThenResolve,
  },
  PUSH_REFUSED_IN_DOUBT: {
    kind: 'conflict',
    say: {
      en: '{connection} refuses the document ({reason}), but an earlier attempt whose answer was lost may have gone through',
      zh: '{connection} 拒绝了该单据({reason}),但此前一次应答丢失的发送可能已经成功',
    },
    fix: {
      en: 'Put the data right there, then `tributary push retry {push}`: the same bytes are sent, and it takes them or says that it has them. Or look there and say what is true with `tributary push resolve {push}`.',
      zh: '请先在对方系统中补全资料,再执行 `tributary push retry {push}`:将发送相同内容,对方会接收或说明已存在;也可在对方系统中核实后执行 `tributary push resolve {push}`。',
    },
  },
  PUSH_ADOPT: {
    kind: 'input',
    say: {
      en: 'flows.{flow}.adopt.number gives no answer for this order (JSONata {problem})',
      zh: 'flows.{flow}.adopt.number 无法对该订单求值（JSONata {problem}）',
    },
    fix: {
      en: 'Correct the expression in tributary.yaml (`tributary mapping eval` tries it on an order), `tributary apply`, then `tributary push retry {push}`.',
      zh: '请更正 tributary.yaml 中的表达式（可用 `tributary mapping eval` 在订单上试算），执行 `tributary apply` 后再执行 `tributary push retry {push}`。',
    },
  },
  PUSH_NOT_ACKNOWLEDGED: {
    kind: 'conflict',
    say: {
      en: '{connection} received the document but has not confirmed it in time',
      zh: '{connection} 已接收单据但未在期限内确认',
    },
    fix: lookThenResolve,
  },
  PUSH_LEASE_LAPSED: {
    kind: 'transient',
    say: {
      en: 'The process that was sending stopped before it knew the outcome.',
      zh: '发送进程在得知结果之前停止。',
    },
    fix: { en: 'Nothing to do: the outcome is found out by itself.', zh: '无需处理:结果会自动查明。' },
  },
  PUSH_BUG: {
    kind: 'internal',
    say: { en: 'an unexpected failure while sending', zh: '发送时发生意外错误' },
    fix: {
      en: 'The log holds the stack under this push id. Report it, then `tributary push retry {push}`.',
      zh: '日志中以该推送编号保存了堆栈。请报告,然后执行 `tributary push retry {push}`。',
    },
  },
  PUSH_BOUND_TWICE: {
    kind: 'conflict',
    say: {
      en: '{connection} answered with a document that another push is bound to',
      zh: '{connection} 返回的单据已与另一推送绑定',
    },
    fix: lookThenResolve,
  },
} satisfies Record<string, ErrorEntry>

export const pushError = thrower(PUSH_ERRORS)
