/** How much of a mapping's time is work that both sides must do: the exact functions on amounts and instants. */
import { describeExpression } from '../../src/expression/compile.ts'
import { codeFunctions, FUNCTIONS } from '../../src/mapping/functions.ts'
import type { MappingCase } from './mapping-cases.ts'

type Work = (...args: unknown[]) => unknown

/** Functions of money, decimals and instants; the others only move values. */
const EXACT =
  `money moneyRounded sumMoney lineMoney minor convert decimal roundDecimal decimalAdd decimalSubtract
  decimalMultiply decimalDivide decimalSum instant businessDate`.split(/\s+/)

/** One function per record that makes just the calls of exact functions which its mapping makes. */
export function exactOnly({ read, inputs, context }: MappingCase): (() => unknown)[] {
  let calls: [Work, unknown[]][] = []
  const functions: Record<string, unknown> = { ...FUNCTIONS }
  for (const name of EXACT) {
    const work = FUNCTIONS[name] as Work
    functions[name] = (...args: unknown[]) => {
      calls.push([work, args])
      return work(...args)
    }
  }
  const { run } = describeExpression(read.source.text, { functions })
  const { codes, ...rest } = context
  return inputs.map((input) => {
    calls = []
    run(input, { ...rest, ...codeFunctions(codes) })
    return replay(calls)
  })
}

/** The calls, each with as many arguments as it had: none takes more than four. */
function replay(calls: [Work, unknown[]][]): () => unknown {
  return () => {
    let last: unknown
    for (let i = 0; i < calls.length; i++) {
      const [work, args] = calls[i]!
      last = work(args[0], args[1], args[2], args[3])
    }
    return last
  }
}
