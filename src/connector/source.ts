/** What a stream is read from where that is not HTTP: a database, files. */
import type { Page, PageRequest, RawRecord, SourceCount } from '../core/ports.ts'

export interface Source {
  page(request: PageRequest, signal: AbortSignal): Promise<Page>
  fetch?(ids: string[], signal: AbortSignal): Promise<RawRecord[]>
  count?(window: { since: Date; until: Date }, signal: AbortSignal): Promise<SourceCount | null>
}
