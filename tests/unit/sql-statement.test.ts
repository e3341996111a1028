/** The statements of each dialect as text: what no server here can run is at least read by people. */
import { describe, expect, it } from 'vitest'
import { edgesOf } from '../../src/connector/sql/edges.ts'
import {
  amongStatement,
  countStatement,
  type PageAsk,
  pageStatement,
} from '../../src/connector/sql/statement.ts'

const ASK: PageAsk = {
  ...{ query: 'select * from v; ', id: 'ID', idKind: 'integer', version: 'TS', kind: 'instant' },
  ...{ since: 'S', until: 'U', after: { version: 'V', id: '9007199254740993' }, rows: 3 },
}

describe('statements around a query', () => {
  it.each([
    [
      'postgres',
      'select t.* from (select * from v\n) as t where t."TS" >= $1 and t."TS" < $2 and (t."TS" > $3 or (t."TS" = $4 and t."ID" >= $5)) order by t."TS", t."ID" limit 3',
    ],
    [
      'mariadb',
      'select t.* from (select * from v\n) as t where t.`TS` >= ? and t.`TS` < ? and (t.`TS` > ? or (t.`TS` = ? and t.`ID` >= 9007199254740993)) order by t.`TS`, t.`ID` limit 3',
    ],
    [
      'sqlserver',
      'select top (3) t.* from (select * from v\n) as t where t.[TS] >= @p1 and t.[TS] < @p2 and (t.[TS] > @p3 or (t.[TS] = @p4 and t.[ID] >= @p5)) order by t.[TS], t.[ID]',
    ],
    [
      'oracle',
      `select t.* from (select * from v\n) t where t."TS" >= UTC1 and t."TS" < UTC2 and (t."TS" > UTC3 or (t."TS" = UTC4 and t."ID" >= :5)) order by t."TS", t."ID" fetch first 3 rows only`.replace(
        /UTC(\d)/g,
        "from_tz(to_timestamp(:$1, 'YYYY-MM-DD HH24:MI:SS.FF'), 'UTC')",
      ),
    ],
  ] as const)('%s', (dialect, wanted) => {
    const { sql, values } = pageStatement(dialect, ASK)
    expect(sql).toBe(wanted)
    expect(values).toEqual(['S', 'U', 'V', 'V', ...(dialect === 'mariadb' ? [] : ['9007199254740993'])])
  })

  it('lets no value and no name become a part of the statement', () => {
    const nasty = `1') or 1=1 --`
    const ask = {
      query: 'select 1 as id',
      column: 'i"d`]',
      kind: 'integer',
      among: [nasty, '7'],
      sort: ['id'],
      rows: 9,
    } as const
    for (const dialect of ['postgres', 'mariadb', 'sqlserver', 'oracle'] as const) {
      const { sql, values } = amongStatement(dialect, { ...ask, among: [...ask.among], sort: [...ask.sort] })
      expect(sql).not.toContain('1=1')
      expect(values).toContain(nasty)
      const quoted = { postgres: '"i""d`]"', oracle: '"i""d`]"', mariadb: '`i"d``]`', sqlserver: '[i"d`]]]' }[
        dialect
      ]
      expect(sql).toContain(`t.${quoted} in (`)
    }
  })

  it('counts a window, and everything where there is no version', () => {
    expect(countStatement('postgres', { ...ASK, version: null }).sql).toBe(
      'select count(*) as n from (select * from v\n) as t',
    )
    expect(countStatement('oracle', { ...ASK, kind: 'text' }).sql).toMatch(
      /where t."TS" >= :1 and t."TS" < :2$/,
    )
  })

  it('writes edges as the column does, the last day whole', () => {
    const window = { since: new Date('2026-06-10T17:30:00.250Z'), until: new Date('2026-06-10T18:30:00Z') }
    const at = (kind: Parameters<typeof edgesOf>[1], dialect = 'postgres' as const) =>
      edgesOf({ zone: 'Asia/Shanghai', clock: null, database: { dialect } }, kind, window)
    expect(at('instant')).toEqual({
      since: '2026-06-10 17:30:00.250 +00:00',
      until: '2026-06-10 18:30:00.000 +00:00',
    })
    expect(at('local')).toEqual({ since: '2026-06-11 01:30:00.250', until: '2026-06-11 02:30:00.000' })
    expect(at('date')).toEqual({ since: '2026-06-11', until: '2026-06-12' })
    expect(at('text')).toEqual({ since: '2026-06-11 01:30:00', until: '2026-06-11 02:30:00' })
  })
})
