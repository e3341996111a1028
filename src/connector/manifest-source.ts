/** The `sql` and `files` sections of `connector.yaml`, and the streams that are read from them. */
import { type Static, Type } from 'typebox'
import { ClockSchema } from './manifest-http.ts'
import { Duration, DurationOrSetting, object, optional, Text, words } from './manifest-parts.ts'

/** `{name}`: a setting that holds all of it, for streams that the integrator declares in the configuration. */
const WholeSetting = Type.String({
  pattern: '^\\{\\w+\\}$',
  description: 'a map, or a setting that holds one: {order}',
  zh: '映射，或保存该映射的设置项：{order}',
})

export const DIALECTS = ['postgres', 'mariadb', 'mysql', 'sqlserver', 'oracle'] as const
export type DialectName = (typeof DIALECTS)[number]

/** The database that streams with `rows` are read from. Every text is a template over the settings. */
export const SqlSchema = object({
  dialect: Text,
  host: Text,
  port: optional(Text),
  /** Oracle: the service's name. */
  database: Text,
  user: Text,
  password: optional(Text),
  /** `off`, `on` (the certificate is checked) or `unchecked`. */
  tls: optional(Text),
  /** Of columns that hold a time without a zone. */
  zone: optional(Text),
  /** Of one statement, 30s. */
  timeout: optional(DurationOrSetting),
})
export type SqlManifest = Static<typeof SqlSchema>

/** Rows of another query that belong to a record: its lines. */
const InnerSchema = object({
  query: Text,
  /** Its column that holds the record's id. */
  by: Text,
  /** Its column that they are sorted by. */
  sort: optional(Text),
})

/** One record per row of a query. */
export const RowsSchema = object({
  query: Text,
  /** Column; unique among the query's rows. */
  id: Text,
  /** Column that moves whenever the record changes: the windows run by it. Without, all rows are read each time. */
  version: optional(Text),
  /** How `version` writes an instant, where its type does not tell (text, numbers). */
  clock: optional(ClockSchema),
  /** Rows at a time, 500. */
  size: optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
  /** Most inner rows of one page, 50,000. */
  most: optional(Type.Integer({ minimum: 1 })),
  with: optional(Type.Record(Type.String({ pattern: '^[a-zA-Z]\\w*$' }), InnerSchema)),
})
export type RowsManifest = Static<typeof RowsSchema>
export const RowsOrSetting = Type.Union([RowsSchema, WholeSetting])

/** Where files lie: a folder of this machine, or of a server that speaks SFTP. */
export const FilesSchema = object({
  folder: Text,
  sftp: optional(
    object({
      /** Without a value, the folder is one of this machine. */
      host: Text,
      port: optional(Text),
      user: Text,
      password: optional(Text),
      /** Private key, as OpenSSH or PEM writes it. */
      key: optional(Text),
      passphrase: optional(Text),
      /** `SHA256:…`, as `ssh-keygen -l` shows the server's key. */
      fingerprint: optional(Text),
    }),
  ),
  /** Largest file. Bytes, 64 MiB. */
  limit: optional(Type.Integer({ minimum: 1 })),
})
export type FilesManifest = Static<typeof FilesSchema>

/** One record per row of a table in a file, or per group of rows. */
export const TableSchema = object({
  /** Names of the files, with * and ?. */
  match: Text,
  /** Column that names the record; with `group: true` rows of one name are one record. */
  id: Text,
  group: optional(Type.Boolean()),
  /** Names of the columns, for files without a head. */
  columns: optional(Type.Array(Text, { minItems: 1 })),
  /** Rows above the head. */
  skip: optional(Type.Integer({ minimum: 0 })),
  /** utf-8, gbk, gb18030, utf-16le, utf-16be; without, it is found out. */
  charset: optional(Text),
  delimiter: optional(words(',', ';', '\t', '|')),
  /** A file is whole when another one lies beside it whose name is its own and this: `.done`. */
  marker: optional(Text),
  /** A file without marker is whole when it has not changed for so long, 10s. */
  resting: optional(Duration),
  /** Folders in the folder to which a file is moved once all of it is kept, or when nothing of it can be read. */
  done: optional(Text),
  error: optional(Text),
})
export type TableManifest = Static<typeof TableSchema>
export const TableOrSetting = Type.Union([TableSchema, WholeSetting])
