import { type ErrorEntry, thrower } from './error.ts'

const at = {
  en: '{file}, row {line}, column {column}: ',
  zh: '{file} 第 {line} 行 {column} 列：',
}

/** What can be wrong with a file of codes. */
export const CODE_ERRORS = {
  CODE_FILE_UNREADABLE: {
    kind: 'input',
    say: { en: '{file} cannot be read: {reason}', zh: '无法读取 {file}：{reason}' },
    fix: {
      en: 'Give a CSV file or an Excel workbook (.xlsx), saved without a password.',
      zh: '请提供 CSV 文件或未加密的 Excel 工作簿（.xlsx）。',
    },
  },
  CODE_FILE_ENCODING: {
    kind: 'input',
    say: { en: '{file} is not text in {encoding}', zh: '{file} 不是 {encoding} 编码的文本' },
    fix: {
      en: 'Save it from Excel as "CSV UTF-8" or as .xlsx, or name its encoding with --encoding.',
      zh: '请在 Excel 中另存为“CSV UTF-8”或 .xlsx，或用 --encoding 指定编码。',
    },
  },
  CODE_FILE_COLUMNS: {
    kind: 'input',
    say: {
      en: '{file} has no column "{missing}"; its first row says: {found}',
      zh: '{file} 缺少“{missing}”列；首行为：{found}',
    },
    fix: {
      en: 'Name the columns in the first row: connection, table, key, value, factor. --connection and --table stand in for the first two.',
      zh: '请在首行写列名：连接、对照表、键、值、换算率；前两列可用 --connection 和 --table 代替。',
    },
  },
  CODE_FILE_BAD: {
    kind: 'input',
    say: {
      en: '{file}: {count} cells cannot be used, nothing was imported:\n{list}',
      zh: '{file}：{count} 个单元格无法使用，未导入任何内容：\n{list}',
    },
    fix: {
      en: 'Correct them and import the file again; --skip-bad imports the other rows.',
      zh: '请更正后重新导入；--skip-bad 可先导入其余行。',
    },
  },
  CODE_CELL_NUMBER: {
    kind: 'input',
    say: {
      en: `${at.en}Excel made a number of it ({found}), which may have lost digits or leading zeros`,
      zh: `${at.zh}Excel 已将其转为数字（{found}），可能丢失了位数或前导零`,
    },
    fix: {
      en: 'Format the column as text, enter the code again from its source, and save.',
      zh: '请将该列设为文本格式，按来源重新填写编码后保存。',
    },
  },
  CODE_CELL_DATE: {
    kind: 'input',
    say: { en: `${at.en}Excel made a date of it`, zh: `${at.zh}Excel 已将其转为日期` },
    fix: {
      en: 'Format the column as text, enter the code again from its source, and save.',
      zh: '请将该列设为文本格式，按来源重新填写编码后保存。',
    },
  },
  CODE_CELL_KIND: {
    kind: 'input',
    say: { en: `${at.en}it holds {found}, which is no text`, zh: `${at.zh}内容为 {found}，不是文本` },
    fix: {
      en: 'Format the column as text and enter the code again, not a formula that fails.',
      zh: '请将该列设为文本格式并重新填写，不要使用出错的公式。',
    },
  },
  CODE_CELL_EMPTY: {
    kind: 'input',
    say: { en: `${at.en}it is empty`, zh: `${at.zh}内容为空` },
    fix: { en: 'Fill it in, or remove the row.', zh: '请填写，或删除该行。' },
  },
  CODE_CELL_TEXT: {
    kind: 'input',
    say: {
      en: `${at.en}it is longer than {most} characters, or holds one that no database keeps`,
      zh: `${at.zh}超过 {most} 个字符，或含有数据库无法保存的字符`,
    },
    fix: { en: 'Shorten it, or enter it again.', zh: '请缩短，或重新填写。' },
  },
  CODE_CELL_FACTOR: {
    kind: 'input',
    say: { en: `${at.en}"{found}" is no number above 0`, zh: `${at.zh}“{found}”不是大于 0 的数` },
    fix: {
      en: 'Write a plain decimal such as 12 or 0.5, or leave it empty.',
      zh: '请填写普通小数，如 12 或 0.5，或留空。',
    },
  },
  CODE_CELL_OTHER: {
    kind: 'input',
    say: {
      en: `${at.en}it says "{found}", but {option} says "{wanted}"`,
      zh: `${at.zh}内容为“{found}”，而 {option} 指定的是“{wanted}”`,
    },
    fix: { en: 'Leave the option out, or correct the cell.', zh: '请去掉该选项，或更正单元格。' },
  },
  CODE_CELL_CONNECTION: {
    kind: 'input',
    say: { en: `${at.en}there is no connection "{found}"{near}`, zh: `${at.zh}没有连接“{found}”{near}` },
    fix: {
      en: 'Write the id of a connection of tributary.yaml: {allowed}.',
      zh: '请填写 tributary.yaml 中的连接编号：{allowed}。',
    },
  },
  CODE_CELL_TWICE: {
    kind: 'input',
    say: {
      en: `${at.en}row {first} has the same key with another value`,
      zh: `${at.zh}第 {first} 行已有相同的键，但值不同`,
    },
    fix: { en: 'Keep the one that is right.', zh: '请只保留正确的一行。' },
  },
} satisfies Record<string, ErrorEntry>

export const codeError = thrower(CODE_ERRORS)
