import { type ErrorEntry, thrower } from './error.ts'

const look = {
  en: 'Correct the line that the message names.',
  zh: '请修改消息中指出的那一行。',
}

/** What can be wrong with any YAML file a person wrote: tributary.yaml, connector.yaml, a mapping. */
export const YAML_ERRORS = {
  YAML_SYNTAX: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: not readable as YAML: {reason}',
      zh: '{file}:{line}:{column}：无法按 YAML 读取：{reason}',
    },
    fix: look,
  },
  YAML_DUPLICATE_KEY: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field} is written twice in the same map',
      zh: '{file}:{line}:{column}：同一处重复出现 {field}',
    },
    fix: { en: 'Keep one of the two.', zh: '只保留其中一个。' },
  },
  YAML_UNKNOWN_KEY: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field} is not known here{near}{more}',
      zh: '{file}:{line}:{column}：此处没有 {field} 这一项{near}{more}',
    },
    fix: {
      en: 'Correct the spelling or remove it. Known here: {allowed}.',
      zh: '请改正拼写或删除。此处可用：{allowed}。',
    },
  },
  YAML_MISSING_KEY: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field} is missing{more}',
      zh: '{file}:{line}:{column}：缺少 {field}{more}',
    },
    fix: { en: 'Add it.', zh: '请补上。' },
  },
  YAML_VALUE: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field} must be {expected}, found {found}{near}{more}',
      zh: '{file}:{line}:{column}：{field} 应为 {expected}，实际是 {found}{near}{more}',
    },
    fix: look,
  },
} satisfies Record<string, ErrorEntry>

export const yamlError = thrower(YAML_ERRORS)
