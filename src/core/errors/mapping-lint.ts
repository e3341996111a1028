import { type ErrorEntry, thrower } from './error.ts'

/** What `tributary mapping check` finds in a mapping that can be read: mistakes that would show at a record, or never. */
export const MAPPING_LINT_ERRORS = {
  MAPPING_MONEY_FLOAT: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field}: {by} on money gives a float ("{expression}" reaches {sink})',
      zh: '{file}:{line}:{column}：{field}：{by} 用浮点数计算金额（“{expression}”的结果进入 {sink}）',
    },
    fix: {
      en: '{advice} Minor units may be added and subtracted as they are. Whole numbers of the source count as minor units where the inputs of the test file show them.',
      zh: '{advice}以最小货币单位表示的整数可以直接加减。来源中的整数，若测试文件的输入中有样例，也按最小货币单位处理。',
    },
  },
  MAPPING_MONEY_TEXT: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field} takes whole minor units, but "{expression}" gives text',
      zh: '{file}:{line}:{column}：{field} 需要最小货币单位的整数，但“{expression}”给出文本',
    },
    fix: {
      en: 'Write $money(…, $currency) around it; it turns a decimal amount into minor units.',
      zh: '请在外面加上 $money(…, $currency)，它把十进制金额转换为最小货币单位。',
    },
  },
  MAPPING_PATH_UNKNOWN: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field}: "{path}" is not in {whose}{near}',
      zh: '{file}:{line}:{column}：{field}：{whose}中没有“{path}”{near}',
    },
    fix: {
      en: 'Correct the path in "{expression}". Where the source does send it sometimes, add an input that has it to the test file.',
      zh: '请修正“{expression}”中的路径。若来源有时确实会发送该字段，请在测试文件中补充包含它的输入。',
    },
  },
  MAPPING_FIELD_UNKNOWN: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {document} has no field {field}{near}',
      zh: '{file}:{line}:{column}：{document} 没有字段 {field}{near}',
    },
    fix: {
      en: 'Use one of {allowed}. What has no field of its own may go into extra.',
      zh: '可用字段：{allowed}。没有对应字段的内容可以放入 extra。',
    },
  },
  MAPPING_FIELD_ABSENT: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: every {document} must have {field}, and it is not set',
      zh: '{file}:{line}:{column}：每个 {document} 都必须有 {field}，但没有设置',
    },
    fix: {
      en: 'Set it; without it no record becomes a valid document.',
      zh: '请设置该字段；缺少它，任何记录都不能成为有效单据。',
    },
  },
  MAPPING_LET_UNUSED: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field}: nothing uses the variable ${name}',
      zh: '{file}:{line}:{column}：{field}：变量 ${name} 没有被使用',
    },
    fix: { en: 'Delete it, or use it where it was meant.', zh: '请删除该变量，或在应使用的位置使用它。' },
  },
  MAPPING_VARIABLE_UNKNOWN: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field}: there is no variable ${name} here{near}',
      zh: '{file}:{line}:{column}：{field}：此处没有变量 ${name}{near}',
    },
    fix: {
      en: 'Correct the name in "{expression}", or define it under let or $let. It would give nothing, silently.',
      zh: '请修正“{expression}”中的名称，或在 let 或 $let 中定义。未定义的变量不会报错，只会得到空值。',
    },
  },
  MAPPING_FUNCTION_UNKNOWN: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: {field}: there is no function {name}{near}',
      zh: '{file}:{line}:{column}：{field}：没有函数 {name}{near}',
    },
    fix: {
      en: 'Correct the name in "{expression}"; docs/reference/mapping.md lists the functions.',
      zh: '请修正“{expression}”中的函数名；函数列表见 docs/reference/mapping.md。',
    },
  },
  MAPPING_UNFINISHED: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: the functions of this mapping call each other too often to be followed; not all of it was checked',
      zh: '{file}:{line}:{column}：此映射中的函数相互调用过多，无法全部检查',
    },
    fix: {
      en: 'Let functions call fewer functions, or split the mapping.',
      zh: '请减少函数之间的调用，或拆分映射。',
    },
  },
  MAPPING_CASE_FAILED: {
    kind: 'config',
    say: {
      en: '{file}:{line}:{column}: case "{name}": {field}: expected {expected}, found {found}',
      zh: '{file}:{line}:{column}：用例“{name}”：{field}：期望 {expected}，实际为 {found}',
    },
    fix: {
      en: 'Correct the mapping, or the case if the mapping is right: tributary mapping explain shows where each value comes from.',
      zh: '请修正映射；若映射正确，请修正用例。tributary mapping explain 会显示每个值的来源。',
    },
  },
  MAPPING_EXPRESSION: {
    kind: 'input',
    say: {
      en: 'the expression failed{at}: {reason}',
      zh: '表达式执行失败{at}：{reason}',
    },
    fix: {
      en: 'Correct the expression; docs/reference/mapping.md lists functions and variables.',
      zh: '请修正表达式；函数和变量见 docs/reference/mapping.md。',
    },
  },
  MAPPING_INPUT: {
    kind: 'input',
    say: { en: '{file} cannot be used as input: {reason}', zh: '{file} 不能用作输入：{reason}' },
    fix: {
      en: 'Give a file with JSON or XML as the system sends it, or - for standard input.',
      zh: '请提供系统发送的 JSON 或 XML 文件，或用 - 表示标准输入。',
    },
  },
  MAPPING_EXISTS: {
    kind: 'input',
    say: { en: '{file} is there already', zh: '{file} 已存在' },
    fix: { en: 'Choose another name, or move the file away.', zh: '请换一个名称，或先移走该文件。' },
  },
} satisfies Record<string, ErrorEntry>

export const mappingLintError = thrower(MAPPING_LINT_ERRORS)
