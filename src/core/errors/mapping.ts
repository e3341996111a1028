import { type ErrorEntry, thrower } from './error.ts'

const open = {
  en: 'Open the mapping at that line and correct the expression; `tributary check` shows the same message.',
  zh: '打开映射文件该行并修正表达式；`tributary check` 会给出相同提示。',
}

/** What can be wrong with a mapping file (config) or with a record that goes through it (input). */
export const MAPPING_ERRORS = {
  MAPPING_UNREADABLE: {
    kind: 'config',
    say: { en: 'mapping {file} cannot be read: {reason}', zh: '无法读取映射文件 {file}：{reason}' },
    fix: {
      en: 'Check the path and the permissions of the file.',
      zh: '请检查文件路径和权限。',
    },
  },
  MAPPING_SHAPE: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field}: {problem}',
      zh: '{file}:{line}:{column}：{field}：{problem}',
    },
    fix: open,
  },
  MAPPING_SYNTAX: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field}: not a JSONata expression: {reason}',
      zh: '{file}:{line}:{column}：{field}：不是有效的 JSONata 表达式：{reason}',
    },
    fix: open,
  },
  MAPPING_FAILED: {
    kind: 'input',
    say: {
      en: '{file}:{line}: {field}: the expression failed on this record: {reason}{read}',
      zh: '{file}:{line}：{field}：表达式处理此记录时失败：{reason}{read}',
    },
    fix: {
      en: 'Look at the raw record: either the source sent something unexpected, or the expression "{expression}" must allow for it. Then retry the record.',
      zh: '请查看原始记录：可能是来源数据异常，或表达式“{expression}”需要兼容此情况；修正后重试该记录。',
    },
  },
  MAPPING_VALUE: {
    kind: 'input',
    say: {
      en: '{file}:{line}: {field}: ${function} cannot use {found}: {problem}{read}',
      zh: '{file}:{line}：{field}：${function} 无法处理 {found}：{problem}{read}',
    },
    fix: {
      en: 'Look at the raw record: either the source sent something unexpected, or the expression "{expression}" must allow for it. Then retry the record.',
      zh: '请查看原始记录：可能是来源数据异常，或表达式“{expression}”需要兼容此情况；修正后重试该记录。',
    },
  },
  MAPPING_CODE_MISSING: {
    kind: 'input',
    say: {
      en: 'code table "{table}" has no entry for "{key}"{more} ({file}:{line}, {field})',
      zh: '对照表“{table}”中没有“{key}”{more}（{file}:{line}，{field}）',
    },
    fix: {
      en: 'Fill in what "tributary codes missing" lists and import it with "tributary codes import"; what waited goes on by itself.',
      zh: '请填写 "tributary codes missing" 列出的编码，并用 "tributary codes import" 导入；等待中的内容会自动继续。',
    },
  },
  MAPPING_REQUIRED: {
    kind: 'input',
    say: {
      en: '{file}: {field} is required and the record gives nothing for it (line {line}: {expression}){read}',
      zh: '{file}：{field} 为必填，但记录中没有对应内容（第 {line} 行：{expression}）{read}',
    },
    fix: {
      en: 'Complete the record at its source and retry it, or give the field a default in the mapping.',
      zh: '请在来源系统补全该记录后重试，或在映射中为该字段设置默认值。',
    },
  },
  MAPPING_NO_USE: {
    kind: 'config',
    say: {
      en: 'no connection uses a mapping that {file} (from {from} to {to}) would take the place of',
      zh: '没有连接使用可由 {file}（从 {from} 到 {to}）替换的映射',
    },
    fix: {
      en: 'Say with --for which one it stands for; there are: {known}.',
      zh: '请用 --for 指定它对应哪一个；现有：{known}。',
    },
  },
} satisfies Record<string, ErrorEntry>

export const mappingError = thrower(MAPPING_ERRORS)
