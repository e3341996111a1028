import { type ErrorEntry, thrower } from './error.ts'

/** Sources without an API: databases, files. */
export const SOURCE_ERRORS = {
  SOURCE_DRIVER: {
    kind: 'config',
    say: {
      en: 'Connection {connection}: the driver "{driver}" is not installed',
      zh: '连接 {connection}：未安装驱动“{driver}”',
    },
    fix: {
      en: 'Run "npm install {driver}" in the folder of Tributary, then resume the connection.',
      zh: '请在 Tributary 的目录中运行 “npm install {driver}”，然后恢复该连接。',
    },
  },
  SOURCE_REFUSED: {
    kind: 'config',
    say: {
      en: 'Connection {connection}: {host} refuses ({reason})',
      zh: '连接 {connection}：{host} 拒绝了请求（{reason}）',
    },
    fix: {
      en: 'Check user, password, rights and names in the settings; "tributary check" tries them.',
      zh: '请检查设置中的用户、密码、权限和名称；可用 “tributary check” 测试。',
    },
  },
  SOURCE_AWAY: {
    kind: 'transient',
    say: {
      en: 'Connection {connection}: {host} cannot be read ({reason})',
      zh: '连接 {connection}：无法读取 {host}（{reason}）',
    },
    fix: {
      en: 'It is tried again by itself. If it lasts, look at the address, the network and the server or folder.',
      zh: '系统会自动重试。如持续出现，请检查地址、网络以及服务器或文件夹。',
    },
  },
  SOURCE_SLOW: {
    kind: 'transient',
    say: {
      en: 'Connection {connection}: {host} did not answer within {limit}',
      zh: '连接 {connection}：{host} 未在 {limit} 内应答',
    },
    fix: {
      en: 'It is tried again by itself. If it lasts, give the table an index on the version and id columns, or raise the time-out.',
      zh: '系统会自动重试。如持续出现，请为版本列和编号列建立索引，或调大超时。',
    },
  },
  SOURCE_STREAM: {
    kind: 'config',
    say: {
      en: 'Connection {connection}, stream {stream}: {reason}',
      zh: '连接 {connection}，数据流 {stream}：{reason}',
    },
    fix: {
      en: 'Correct it in the settings of the connection; docs/guide/sql.md and docs/guide/files.md show what a stream needs.',
      zh: '请修改该连接的设置；数据流的写法见 docs/guide/sql.md 和 docs/guide/files.md。',
    },
  },
  SOURCE_ROW: {
    kind: 'input',
    say: { en: '{file}, line {line}: {reason}', zh: '{file} 第 {line} 行：{reason}' },
    fix: {
      en: 'Correct the row and put the file there again: rows that were taken already are not taken twice. Or discard the record.',
      zh: '请更正该行后重新放入文件：已读取的行不会重复处理。也可以作废该记录。',
    },
  },
} satisfies Record<string, ErrorEntry>

export const sourceError = thrower(SOURCE_ERRORS)
