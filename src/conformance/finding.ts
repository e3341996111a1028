/** What the kit says of one check on one part of a connector. */

export const CHECKS = [
  'manifest',
  'readme',
  'coverage',
  'secrets',
  'fixtures',
  'pages',
  'gaps-changes',
  'gaps-clock',
  'gaps-summer-time',
  'gaps-late',
  'gaps-standing',
  'twice',
  'newest',
  'numbers',
  'failures-read',
  'failures-write',
  'signature',
  'old-signature',
  'charset',
  'write-twice',
  'write-lost-answer',
] as const
export type Check = (typeof CHECKS)[number]

/**
 * How it was proven: from the files alone; against the model remote that is made of the declaration; by replaying
 * recorded exchanges; against a server that answers nothing but failures; against a sandbox.
 */
export type Proof = 'files' | 'model' | 'fixtures' | 'failing-server' | 'sandbox'

export interface Finding {
  check: Check
  /** Stream, kind of document or topic; '' for the whole connector. */
  about: string
  state: 'ok' | 'failed' | 'not-applicable' | 'waived'
  by: Proof | null
  /** `not-applicable`: why; `waived`: the reason; `ok`: what was tried. */
  say: string
  expected?: string
  found?: string
}

type Part = Pick<Finding, 'check' | 'about'>

export const ok = (part: Part, by: Proof, say: string): Finding => ({ ...part, state: 'ok', by, say })

export const not = (part: Part, say: string): Finding => ({
  ...part,
  state: 'not-applicable',
  by: null,
  say,
})

/** `expected` and `found` hold shapes and counts, never secrets or personal data. */
export const failed = (part: Part, by: Proof, expected: string, found: string): Finding => ({
  ...part,
  state: 'failed',
  by,
  say: `expected ${expected}; found ${found}`,
  expected,
  found,
})

/** Runs one check; what it throws unexpectedly is a failure of the connector, with the first line of the message. */
export async function guarded(part: Part, by: Proof, run: () => Promise<Finding>): Promise<Finding> {
  try {
    return await run()
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    return failed(part, by, 'no error', `${code ? `${code}: ` : ''}${message.split('\n')[0]}`)
  }
}
