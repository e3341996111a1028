import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'
import { TributaryError } from '../../src/core/errors/error.ts'
import { nearest, parseYaml, validateYaml, yamlProblems } from '../../src/core/yaml.ts'

const strict = { additionalProperties: false }
const Schema = Type.Object(
  {
    id: Type.String(),
    mode: Type.Union([Type.Literal('live'), Type.Literal('shadow')]),
    parts: Type.Record(
      Type.String(),
      Type.Object(
        {
          size: Type.Integer(),
          at: Type.Optional(Type.Union([Type.String(), Type.Object({ x: Type.String() }, strict)])),
        },
        strict,
      ),
    ),
  },
  strict,
)

/** The error of a text, as people see it. */
function complaint(text: string): string {
  try {
    validateYaml(Schema, parseYaml(text, 'a.yaml'))
  } catch (error) {
    expect(error).toBeInstanceOf(TributaryError)
    return `${(error as TributaryError).code} ${(error as Error).message}`
  }
  return 'none'
}

describe('yaml', () => {
  it('gives the value of a file that is right', () => {
    const parsed = parseYaml('id: a\nmode: live\nparts: { p: { size: 1, at: { x: here } } }\n', 'a.yaml')
    expect(validateYaml(Schema, parsed)).toEqual({
      id: 'a',
      mode: 'live',
      parts: { p: { size: 1, at: { x: 'here' } } },
    })
  })

  it.each([
    ['id: a\nmod: live\nparts: {}', 'YAML_MISSING_KEY a.yaml:1:1: mode is missing; also wrong: mod (line 2)'],
    [
      'id: a\nmode: live\nmodes: live\nparts: {}',
      'YAML_UNKNOWN_KEY a.yaml:3:1: modes is not known here (did you mean "mode"?)',
    ],
    [
      'id: a\nmode: lvie\nparts: {}',
      'YAML_VALUE a.yaml:2:7: mode must be one of live, shadow, found text of 4 characters (did you mean "live"?)',
    ],
    [
      'id: a\nmode: live\nparts:\n  p:\n    size: big',
      'YAML_VALUE a.yaml:5:11: parts.p.size must be a whole number, found text of 3 characters',
    ],
    [
      'id: a\nmode: live\nparts:\n  p: { size: 1, at: 5 }',
      'YAML_VALUE a.yaml:4:21: parts.p.at must be text or a map, found number',
    ],
    [
      'id: a\nmode: live\nparts:\n  p: { size: 1, at: { y: 1 } }',
      'YAML_MISSING_KEY a.yaml:4:21: parts.p.at.x is missing; also wrong: parts.p.at.y (line 4)',
    ],
    ['', 'YAML_VALUE a.yaml:1:1: the file must be a map, found null'],
    ['id: a\nid: b', 'YAML_DUPLICATE_KEY a.yaml:2:1: id is written twice in the same map'],
  ])('%j', (text, expected) => {
    expect(complaint(text)).toBe(expected)
  })

  it.each(['a: [1', 'a: !secret b', 'a: 1\n---\nb: 2', 'a: "x', '\ta: 1'])('refuses %j as YAML', (text) => {
    expect(complaint(text)).toMatch(/^YAML_SYNTAX a\.yaml:\d+:\d+: /)
  })

  it('keeps the digits of whole numbers beyond 2^53, as text', () => {
    const { value } = parseYaml('a: 9007199254740993\nb: 12\nc: -9007199254740993\nd: 1.5\n', 'a.yaml')
    expect(value).toEqual({ a: '9007199254740993', b: 12, c: '-9007199254740993', d: 1.5 })
  })

  it('refuses aliases that multiply', () => {
    const level = (n: number) =>
      `l${n}: &l${n} [${Array(9)
        .fill(`*l${n - 1}`)
        .join(', ')}]`
    const bomb = ['l0: &l0 [x]', ...[1, 2, 3, 4, 5, 6, 7].map(level)].join('\n')
    expect(complaint(bomb)).toMatch(/^YAML_SYNTAX/)
  })

  it('shows no value of the file, only its shape', () => {
    expect(complaint('id: a\nmode: hunter2-secret\nparts: {}')).not.toContain('hunter2')
  })

  it('locates keys, values, list items and what an alias stands for', () => {
    const parsed = parseYaml('a: &x\n  b: 1\nlist:\n  - one\n  - two\nc: *x\n', 'a.yaml')
    expect(parsed.locate(['list', 1])).toEqual({ line: 5, column: 5 })
    expect(parsed.locate(['a', 'b'], 'key')).toEqual({ line: 2, column: 3 })
    expect(parsed.locate(['c', 'b'])).toEqual({ line: 2, column: 6 })
    expect(parsed.locate(['a', 'gone'])).toEqual({ line: 2, column: 3 })
  })

  it('lists every problem in the order of the file', () => {
    const parsed = parseYaml('id: 1\nmode: x\nparts: { p: { size: y } }', 'a.yaml')
    expect(yamlProblems(Schema, parsed).map((p) => [p.line, p.field])).toEqual([
      [1, 'id'],
      [2, 'mode'],
      [3, 'parts.p.size'],
    ])
  })

  it.each([
    ['cursr', ['cursor', 'course'], 'cursor'],
    ['Base_Url', ['baseUrl', 'base'], 'baseUrl'],
    ['auht', ['auth', 'path'], 'auth'],
    ['something', ['else'], null],
    ['x', [], null],
  ])('nearest(%j)', (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected)
  })
})
