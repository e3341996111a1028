/**
 * Writes by the push protocol against a remote that counts what it holds: the model that the declaration makes, or a
 * sandbox for operations that are hooks.
 */
import type { WriteManifest } from '../connector/manifest-write.ts'
import { namesIn } from '../connector/template.ts'
import type { Remote } from '../core/outcome.ts'
import type { WriteItem, WriteOperation } from '../core/ports.ts'
import { bound, noSample, sampleItem } from './check-failures.ts'
import { type Finding, failed, guarded, not, ok, type Proof } from './finding.ts'
import { type LivingRemote, startSandbox } from './living.ts'
import { startModel } from './model.ts'
import { openSubject, type Subject, sampleDocument } from './subject.ts'

const PATIENCE = 10_000
const soon = () => AbortSignal.timeout(PATIENCE)

interface Trial {
  about: string
  by: Proof
  operation: WriteOperation
  item(key: string): Promise<WriteItem>
  remote: LivingRemote
  /** Nothing of what is sent names the key: to the remote two documents of the same content are one. */
  keyless: boolean
}

export async function checkWrites(subject: Subject, kind: string): Promise<Finding[]> {
  const why = unprovable(subject, kind)
  if (why)
    return (['write-twice', 'write-lost-answer'] as const).map((check) => not({ check, about: kind }, why))
  return [
    await trial(subject, kind, 'write-twice', writeTwice),
    await trial(subject, kind, 'write-lost-answer', lostAnswer),
  ]
}

const isHook = ({ connector: { hooks } }: Subject, kind: string): boolean => {
  const own = hooks.write?.[kind]
  return Boolean(own?.write ?? own?.find ?? own?.advance)
}

function unprovable(subject: Subject, kind: string): string | null {
  if (!sampleDocument(subject, kind)) return noSample(subject, kind)
  if (isHook(subject, kind) && !subject.hints.sandbox)
    return 'it is written by hooks, and conformance.yaml names no sandbox that counts documents'
  return null
}

async function trial(
  subject: Subject,
  kind: string,
  check: Finding['check'],
  body: (trial: Trial) => Promise<Finding>,
): Promise<Finding> {
  const part = { check, about: kind }
  const by: Proof = isHook(subject, kind) ? 'sandbox' : 'model'
  return guarded(part, by, async () => {
    const remote = by === 'sandbox' ? await startSandbox(subject) : await living(subject, kind)
    try {
      const connection = await openSubject(subject, { ...bound(subject, kind), url: remote.url })
      try {
        const operation = connection.writes.find((w) => w.kind === kind)!
        const item = (key: string) => sampleItem(subject, operation, key)
        const keyless = await isKeyless(subject, kind, item)
        const finding = await guarded(part, by, () =>
          body({ about: kind, by, operation, item, remote, keyless }),
        )
        const cannot = remote.cannot()
        return cannot ? not(part, `the model cannot answer: ${cannot}`) : finding
      } finally {
        await connection.close()
      }
    } finally {
      await remote.close()
    }
  })
}

/** The model seen as any remote that counts. */
async function living(subject: Subject, kind: string): Promise<LivingRemote> {
  const { url, state, close } = await startModel(subject, subject.settings, kind)
  return {
    url,
    count: async () => state.documents.filter((d) => d.kind === kind).length,
    loseNext: async () => {
      state.loseAnswers = 1
    },
    cannot: () => state.cannot,
    close,
  }
}

async function isKeyless(subject: Subject, kind: string, item: Trial['item']): Promise<boolean> {
  const [one, other] = [await item(KEY), await item(STRANGER)]
  if (!one.body.equals(other.body)) return false
  const { find, read, steps, discard, remote, ...call } = declaredOf(subject, kind)
  if (namesIn(JSON.stringify(call)).includes('key')) return false
  if (find && !/[{$]document\./.test(JSON.stringify(find)))
    throw new Error('no key is sent, and the find asks for nothing that was')
  return true
}

const declaredOf = ({ connector }: Subject, kind: string): WriteManifest =>
  Object.entries(connector.manifest.write ?? {}).find(([of]) => of === kind)![1]

/**
 * Another document is there already, so that a find that asks for nothing in particular shows itself. Without a key that
 * would be the same document: then the find must say beforehand that there is none.
 */
async function stranger({ operation, item, remote, keyless }: Trial): Promise<number> {
  if (keyless) {
    const answer = await operation.find?.(await item(KEY), soon())
    if (answer && 'failed' in answer) throw new Error(`the find fails (${answer.failed.code})`)
    if (answer && answer.hits.length > 0)
      throw new Error('the find tells of a document before any was written')
    return 0
  }
  await operation.write([await item(STRANGER)], soon())
  return remote.count()
}

const KEY = 'KITKEY0000000000000000001'
const STRANGER = 'KITSTRANGER00000000000001'

async function writeTwice(t: Trial): Promise<Finding> {
  const part = { check: 'write-twice', about: t.about } as const
  const { operation, remote, by } = t
  if (operation.class === 'none')
    return not(part, 'class none: nothing is ever sent twice by itself, a person decides')
  const before = await stranger(t)
  const item = await t.item(KEY)
  const [first] = await operation.write([item], soon())
  if (first?.kind !== 'done') return failed(part, by, 'a first write that is done', tell(first))
  const trouble = operation.class === 'find' ? await findsOne(t, item) : await refusesTwin(t, item)
  if (trouble) return failed(part, by, 'one remote document after two writes', trouble)
  if (operation.drafts) {
    // a first attempt that commits after it was given up leaves a second draft
    await operation.write([await t.item('KITKEY0000000000000000002')], soon())
    await operation.write([await t.item('KITKEY0000000000000000002')], soon())
    const surplus = await discardSurplus(t, await t.item('KITKEY0000000000000000002'))
    if (surplus) return failed(part, by, 'surplus drafts deleted', surplus)
  }
  const held = (await remote.count()) - before
  const wanted = operation.drafts ? 2 : 1
  if (held !== wanted) return failed(part, by, `${wanted} documents`, `${held}`)
  return ok(part, by, `class ${operation.class}${operation.drafts ? ', with surplus drafts' : ''}`)
}

/** Between two attempts the pipe asks by key. */
async function findsOne(t: Trial, item: WriteItem): Promise<string | null> {
  const answer = await t.operation.find!(item, soon())
  if ('failed' in answer) return `the find failed (${answer.failed.code})`
  if (answer.hits.length !== 1) return `the find tells of ${answer.hits.length} documents under the key`
  return differs(answer.hits[0]!, item) ?? finished(t, item, answer.hits[0]!)
}

/** What a find tells is compared with what was sent before it is bound. */
function differs(remote: Remote, { check }: WriteItem): string | null {
  const number = (text: string | null | undefined) =>
    text === null || text === undefined ? null : Number(text)
  if (check.total !== null && remote.total != null && number(check.total) !== number(remote.total))
    return 'the total that a find tells is not the one that was sent'
  if (check.lines !== null && remote.lines != null && check.lines !== remote.lines)
    return `${remote.lines} lines are found, ${check.lines} were sent`
  return null
}

async function finished({ operation }: Trial, item: WriteItem, hit: Remote): Promise<string | null> {
  if (!operation.advance) return null
  for (let n = 0; n < 2; n++) {
    const outcome = await operation.advance(item, hit, soon())
    if (outcome.kind !== 'done' || outcome.remote.state !== 'final')
      return `its steps end as ${tell(outcome)}`
  }
  return null
}

async function refusesTwin({ operation }: Trial, item: WriteItem): Promise<string | null> {
  const [second] = await operation.write([item], soon())
  if (second?.kind === 'refused' && second.duplicate) return null
  // the first answer again, or a figure that is set to what it is: whether it made a second document, the count tells
  if (second?.kind === 'done') return null
  return `the same bytes again are answered with ${tell(second)}, not refused as a duplicate`
}

async function discardSurplus(t: Trial, item: WriteItem): Promise<string | null> {
  const answer = await t.operation.find!(item, soon())
  if ('failed' in answer || answer.hits.length !== 2) return 'a find does not tell of both drafts'
  const gone = await t.operation.discard!(item, answer.hits[1]!, soon())
  if (gone.kind !== 'done') return `discarding ends as ${tell(gone)}`
  return findsOne(t, item)
}

async function lostAnswer(t: Trial): Promise<Finding> {
  const part = { check: 'write-lost-answer', about: t.about } as const
  const { operation, remote, by } = t
  const before = await stranger(t)
  const item = await t.item(KEY)
  await remote.loseNext()
  const [first] = await operation.write([item], soon())
  if (first?.kind !== 'unknown')
    return failed(part, by, 'a write in doubt when its answer was lost', tell(first))
  if (operation.class === 'none') return ok(part, by, 'in doubt, and left to a person (class none)')
  const trouble = operation.class === 'find' ? await findsOne(t, item) : await refusesTwin(t, item)
  if (trouble) return failed(part, by, 'the document of the lost answer, told by the remote', trouble)
  const held = (await remote.count()) - before
  if (held !== 1) return failed(part, by, '1 document', `${held}`)
  return ok(part, by, `class ${operation.class}: the lost answer's document is the only one`)
}

const tell = (outcome: { kind: string; code?: string } | undefined): string =>
  outcome ? `${outcome.kind}${outcome.code ? ` (${outcome.code})` : ''}` : 'nothing'
