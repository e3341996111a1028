/** Expressions are data of a customer: none of their text becomes code, and none of them can hang or fill the process. */
import { describe, expect, test } from 'vitest'
import { compileExpression, describeExpression } from '../../src/expression/compile.ts'

const run = (source: string, input: unknown = {}, bindings?: Record<string, unknown>) =>
  compileExpression(source)(input, bindings)

const stopped = (reason: RegExp) =>
  expect.objectContaining({ code: 'U1001', message: expect.stringMatching(reason) })

describe('no text of an expression becomes code', () => {
  const evil = [
    '"); globalThis.hit = 1; ("',
    "'); globalThis.hit = 1; ('",
    '`; globalThis.hit = 1; `',
    '${globalThis.hit = 1}',
    '\\"); globalThis.hit = 1; //',
    '\u2028globalThis.hit = 1\u2029',
    '*/ globalThis.hit = 1 /*',
    '</script><!--',
    '\n} catch { globalThis.hit = 1 }',
    "__proto__'];globalThis.hit=1;//",
  ]

  test.each(evil)('%j as text, field, key and variable', (text) => {
    const name = text.replaceAll('`', '')
    const quoted = JSON.stringify(text)
    expect(run(quoted)).toBe(text)
    expect(run(`{${quoted}: 1}`)).toEqual({ [text]: 1 })
    expect(run(`\`${name}\``, { [name]: 7 })).toBe(7)
    expect(run(`a.\`${name}\`.b`, { a: { [name]: { b: 7 } } })).toBe(7)
    expect(run(`a[\`${name}\` = ${quoted}].x`, { a: [{ [name]: text, x: 3 }] })).toBe(3)
    expect(run(`$lookup({${quoted}: 5}, ${quoted})`)).toBe(5)
    expect(run(`$eval(${JSON.stringify(quoted)})`)).toBe(text)
    expect(run('$string($)', text)).toBe(text)
    expect('hit' in globalThis).toBe(false)
  })

  test('names of variables, parameters and bindings are never written', () => {
    const source =
      '($constructor := 1; $arguments := 2; $this := 3; $eval1 := 4; $p := 5; $M := 6; $return := 7; [$constructor, $arguments, $this, $eval1, $p, $M, $return])'
    expect(run(source)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(run('function($let, $function) { $let & $function }("a", "b")')).toBe('ab')
    expect(run('a@$class#$new.{"c": $class, "n": $new}', { a: ['x'] })).toEqual({ c: 'x', n: 0 })
    expect(run('$process', {}, { process: 'mine' })).toBe('mine')
    expect(describeExpression('$someVariable + $someVariable').code).not.toContain('+ someVariable')
  })

  test('regular expressions are values, not text of the code', () => {
    expect(run('$replace("a/b", /\\//, "-")')).toBe('a-b')
    expect(run('$contains("x`${1}", /`\\$\\{1\\}/)')).toBe(true)
  })

  test('nothing of the process is in reach', () => {
    for (const name of [
      'process',
      'require',
      'globalThis',
      'Function',
      'M',
      'C0',
      'S',
      'raw',
      'bindings',
      'evaluate',
    ]) {
      expect(run(`$${name}`), name).toBeUndefined()
      expect(run(name), name).toBeUndefined()
    }
  })
})

describe('names that objects inherit are ordinary keys', () => {
  const names = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '__defineGetter__',
  ]

  test.each(names)('%s', (name) => {
    expect(run(name, {})).toBeUndefined()
    expect(run(`a.${name}`, { a: [{}, {}] })).toBeUndefined()
    expect(run(`a.${name}.b`, { a: {} })).toBeUndefined()
    expect(run(`$lookup(a, "${name}")`, { a: {} })).toBeUndefined()
    expect(run(`$lookup({"x": 1}, "${name}")`)).toBeUndefined()
    const data = JSON.parse(`{"${name}": {"x": 1}}`)
    expect(run(`${name}.x`, data)).toBe(1)
    const made = run(`{"${name}": {"x": 1}, "y": 2}`) as object
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype)
    expect(JSON.stringify(made)).toBe(`{"${name}":{"x":1},"y":2}`)
    for (const source of [
      `$merge([{"${name}": 1}])`,
      `$sift({"${name}": 1}, function($v) { true })`,
      `{"${name}": 0} ~> |$|{"${name}": 1}|`,
      `$spread({"${name}": 1})`,
      `[1]{"${name}": $}`,
    ]) {
      expect(JSON.stringify(run(source)), source).toBe(`{"${name}":1}`)
    }
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  test('as variables and functions they are nothing', () => {
    expect(() => run('$constructor("x")')).toThrow(expect.objectContaining({ code: 'T1006' }))
    expect(() => run('$toString()')).toThrow(expect.objectContaining({ code: 'T1006' }))
    expect(() => run('a.constructor("x")', { a: {} })).toThrow(expect.objectContaining({ code: 'T1006' }))
    expect(run('$__proto__')).toBeUndefined()
  })

  test('inherited methods of values of the host are not seen', () => {
    expect(run('when.getTime', { when: new Date() })).toBeUndefined()
    expect(run('$type(map.get)', { map: new Map() })).toBeUndefined()
  })
})

describe('limits', () => {
  const limited = (source: string, limits: object, input: unknown = {}) =>
    compileExpression(source, { limits })(input)

  test('a hundred thousand calls in the last place need no stack', () => {
    expect(run('($f := function($n, $a) { $n = 0 ? $a : $f($n - 1, $a + 1) }; $f(150000, 0))')).toBe(150000)
  })

  test('recursion without end is stopped, by the stack or by a depth', () => {
    expect(() => run('($f := function($n) { 1 + $f($n + 1) }; $f(0))')).toThrow(stopped(/nested too deeply/))
    expect(() => limited('($f := function($n) { 1 + $f($n + 1) }; $f(0))', { depth: 100 })).toThrow(
      stopped(/nested too deeply/),
    )
    expect(run('1 + 1')).toBe(2)
  })

  test('loops without end are stopped by time', () => {
    const start = Date.now()
    expect(() => limited('($f := function() { $f() }; $f())', { timeout: 200 })).toThrow(
      stopped(/longer than 200 ms/),
    )
    expect(() => limited('[1..10000].([1..10000].($ * 2))', { timeout: 200 })).toThrow(
      stopped(/longer than 200 ms/),
    )
    expect(() =>
      limited('$map([1..10000], function($x) { $map([1..10000], function($y) { $x * $y }) })', {
        timeout: 200,
      }),
    ).toThrow(stopped(/longer than 200 ms/))
    expect(Date.now() - start).toBeLessThan(5000)
  })

  test('steps may be limited', () => {
    expect(() => limited('$sum([1..1000].($ * 2))', { steps: 100 })).toThrow(stopped(/too many steps/))
    expect(limited('$sum([1..50].($ * 2))', { steps: 100 })).toBe(2550)
  })

  test('ranges and lists may not fill the memory', () => {
    expect(() => run('[1..100000000]')).toThrow(expect.objectContaining({ code: 'D2014' }))
    expect(() => limited('[1..1000]', { items: 100 })).toThrow(expect.objectContaining({ code: 'D2015' }))
    expect(() => limited('[1..60].[1, 2]', { items: 100 })).not.toThrow()
    expect(() => limited('$append([1..60], [1..60])', { items: 100 })).toThrow(
      expect.objectContaining({ code: 'D2015' }),
    )
    expect(() =>
      limited('($f := function($l) { $f($append($l, $l)) }; $f([1, 2]))', { items: 100_000 }),
    ).toThrow(expect.objectContaining({ code: 'D2015' }))
  })

  test('texts may not fill the memory', () => {
    expect(() => limited('($f := function($s) { $f($s & $s) }; $f("ab"))', { characters: 100_000 })).toThrow(
      stopped(/characters/),
    )
    expect(() => run('$pad("x", 2000000000)')).toThrow(stopped(/characters/))
    expect(() => limited('$join([1..1000].("0123456789"))', { characters: 5000 })).toThrow(
      stopped(/characters/),
    )
    expect(() => limited('$replace("aaaaaaaaaa", "a", "0123456789")', { characters: 50 })).toThrow(
      stopped(/characters/),
    )
  })

  test('an evaluation within another has limits of its own, and the outer one keeps its', () => {
    const inner = compileExpression('($f := function($n) { 1 + $f($n) }; $f(0))', { limits: { depth: 50 } })
    const quiet = () => {
      try {
        return inner({})
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    const outer = compileExpression('[$quiet(), $sum([1..20].($ + 1))]', {
      functions: { quiet },
      limits: { steps: 100 },
    })
    expect(outer({})).toEqual(['U1001', 230])
  })
})
