import { type ErrorEntry, thrower } from './error.ts'

const atSource = {
  en: 'Correct it in the source system (the next version is taken by itself), or change the mapping and retry the record.',
  zh: '请在来源系统更正（新版本会自动读取），或修改映射后重试该记录。',
}

/** What can be wrong with one record's content. The record is parked alone; its neighbours go on. */
export const RECORD_ERRORS = {
  RECORD_INVALID: {
    kind: 'input',
    say: {
      en: 'the {document} is not valid: {field} {problem}, found {shape}{origin}',
      zh: '{document} 无效：{field} {problem}，实际为 {shape}{origin}',
    },
    fix: atSource,
  },
  RECORD_NO_SKU: {
    kind: 'input',
    say: {
      en: '{count} line(s) have no SKU: {lines}',
      zh: '{count} 行没有 SKU：{lines}',
    },
    fix: {
      en: 'Give the products a SKU in the shop, then retry the record.',
      zh: '请在店铺中为商品填写 SKU，然后重试该记录。',
    },
  },
  RECORD_CURRENCY: {
    kind: 'input',
    say: {
      en: 'currency {currency} is not an ISO 4217 code',
      zh: '币种 {currency} 不是 ISO 4217 代码',
    },
    fix: atSource,
  },
  RECORD_SUMS: {
    kind: 'input',
    say: {
      en: 'the parts add up to {parts} {currency}, the order states {total}; the difference of {difference} is more than the tolerance of {tolerance}',
      zh: '各部分合计 {parts} {currency}，订单总额为 {total}；差额 {difference} 超过允许的 {tolerance}',
    },
    fix: {
      en: 'Look for an amount that the mapping does not read yet (a fee, a duty, a tip). Nothing is pushed before the sums agree.',
      zh: '请查找映射尚未读取的金额（费用、关税、小费等）。合计一致之前不会推送。',
    },
  },
  RECORD_PARTS: {
    kind: 'input',
    say: {
      en: 'the parts add up to {parts} {currency}, the {document} states {total}',
      zh: '各部分合计 {parts} {currency}，{document} 总额为 {total}',
    },
    fix: {
      en: 'Look for an amount that the mapping does not read yet, or leave the adjustment out: then it is the difference.',
      zh: '请查找映射尚未读取的金额；或不映射 adjustment，系统会以差额填入。',
    },
  },
  RECORD_REFUND: {
    kind: 'input',
    say: {
      en: 'line {line}: more was refunded than was ordered ({problem})',
      zh: '行 {line}：退款超过订购数量或金额（{problem}）',
    },
    fix: atSource,
  },
  RECORD_DAMAGED: {
    kind: 'input',
    say: {
      en: 'the stored bytes of this record are damaged (their checksum does not match)',
      zh: '该记录保存的原始字节已损坏（校验和不符）',
    },
    fix: {
      en: 'Read it from its source again, and have the disk that the database is on looked at.',
      zh: '请从来源系统重新读取，并检查数据库所在的磁盘。',
    },
  },
  RECORD_REFUSED: {
    kind: 'input',
    say: {
      en: 'the database cannot hold this record (SQLSTATE {state}), usually because of a NUL character',
      zh: '数据库无法保存该记录（SQLSTATE {state}），通常是因为含有 NUL 字符',
    },
    fix: atSource,
  },
  RECORD_KILLS: {
    kind: 'internal',
    say: {
      en: 'mapping this record ended the process {times} times',
      zh: '映射该记录时进程已终止 {times} 次',
    },
    fix: {
      en: 'Look at the mapping for endless recursion, report the record, then retry or discard it.',
      zh: '请检查映射是否无限递归并报告该记录，然后重试或丢弃。',
    },
  },
  RECORD_NO_MAPPING: {
    kind: 'config',
    say: {
      en: 'no mapping for connection {connection}, stream {stream}, shape {shape}',
      zh: '连接 {connection}、数据流 {stream}、形态 {shape} 没有映射',
    },
    fix: {
      en: 'Put the connection back into tributary.yaml, or name a mapping for this shape; then retry the record.',
      zh: '请在 tributary.yaml 中恢复该连接，或为该形态指定映射，然后重试该记录。',
    },
  },
  RECORD_BUG: {
    kind: 'internal',
    say: { en: 'an unexpected failure while mapping this record', zh: '映射该记录时发生意外错误' },
    fix: {
      en: 'The log holds the stack under this record id. Report it; the record can be retried after a fix.',
      zh: '日志中以该记录编号保存了堆栈。请报告；修复后可重试该记录。',
    },
  },
} satisfies Record<string, ErrorEntry>

export const recordError = thrower(RECORD_ERRORS)
