import { describe, expect, it } from 'vitest'
import { AREAS } from '../../docs/generate/errors.ts'
import type { ErrorEntry } from '../../src/core/errors/error.ts'
import { ERRORS } from '../../src/core/errors/table.ts'
import { sources } from './source.ts'

const tables = Object.values(AREAS)
const codes = tables.flatMap((table) => Object.keys(table))
const entries: [string, ErrorEntry][] = Object.entries(ERRORS)

describe('the error table', () => {
  it('holds every code of every area once, as AREA_WHAT', () => {
    expect(codes.length).toBeGreaterThan(5)
    expect(codes.filter((code, at) => codes.indexOf(code) !== at)).toEqual([])
    expect(Object.keys(ERRORS).sort()).toEqual([...codes].sort())
    expect(codes.filter((code) => !/^[A-Z]+(_[A-Z0-9]+)+$/.test(code))).toEqual([])
  })

  it('says in both languages what happened and what to do', () => {
    const silent = entries.filter(([, { say, fix }]) =>
      [say.en, say.zh, fix.en, fix.zh].some((text) => text.trim().length < 4),
    )
    // a text that only passes values on has no words to translate
    const words = (text: string) => /\p{L}/u.test(text.replace(/\{\w+\}/g, ''))
    const foreign = entries.filter(([, { say, fix }]) =>
      [say.zh, fix.zh].some((text) => words(text) && !/\p{Script=Han}/u.test(text)),
    )
    expect([...silent, ...foreign].map(([code]) => code)).toEqual([])
  })

  it('names the same values in both languages', () => {
    const names = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort()
    const uneven = entries.filter(([, { say }]) => names(say.en).join() !== names(say.zh).join())
    expect(uneven.map(([code]) => code)).toEqual([])
  })

  it('has no code that nothing throws', () => {
    const text = sources('src', 'connectors')
      .filter(({ path }) => !path.startsWith('src/core/errors/'))
      .map((file) => file.text)
      .join('\n')
    expect(codes.filter((code) => !text.includes(`'${code}'`))).toEqual([])
  })
})
