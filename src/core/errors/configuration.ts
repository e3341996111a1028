import { type ErrorEntry, thrower } from './error.ts'

/** What can go wrong when a configuration is applied, taken over by a running process, or returned to. */
export const CONFIGURATION_ERRORS = {
  CONFIGURATION_SECRET_ELSEWHERE: {
    kind: 'config',
    say: {
      en: '{field} was written out where the configuration was applied; {file} here holds no value for it',
      zh: '{field} 在应用配置的机器上直接写在文件中；此处的 {file} 没有它的值',
    },
    fix: {
      en: 'Put it into an environment variable of every process and refer to that in the file, then apply again.',
      zh: '请改为每个进程的环境变量并在文件中引用，然后重新应用。',
    },
  },
  CONFIGURATION_FILE: {
    kind: 'config',
    say: {
      en: '{file} cannot be part of an applied configuration: {reason}',
      zh: '{file} 不能作为已应用配置的一部分：{reason}',
    },
    fix: { en: '{hint}', zh: '{hint}' },
  },
  CONFIGURATION_MAPPINGS: {
    kind: 'config',
    say: { en: '{count} mistakes in mappings:\n{list}', zh: '映射有 {count} 处错误：\n{list}' },
    fix: {
      en: 'Correct them; "tributary mapping check" says more about each.',
      zh: '请修改；"tributary mapping check" 会给出每处的详细说明。',
    },
  },
  CONFIGURATION_CHANGED: {
    kind: 'conflict',
    say: {
      en: 'another configuration was activated meanwhile, so what was shown is not what would change',
      zh: '期间已启用另一份配置，之前显示的差异不再准确',
    },
    fix: { en: 'Look at the difference again, then repeat.', zh: '请重新查看差异后再执行。' },
  },
  CONFIGURATION_NONE: {
    kind: 'input',
    say: { en: 'there is no earlier configuration to return to', zh: '没有可以返回的更早配置' },
    fix: {
      en: '"tributary configuration list" shows what was active when.',
      zh: '"tributary configuration list" 列出各时间的配置。',
    },
  },
} satisfies Record<string, ErrorEntry>

/** Throws for configurations: `throw configurationError('CONFIGURATION_NONE')`. */
export const configurationError = thrower(CONFIGURATION_ERRORS)
