/** Preloaded into a process (`--import`): its clock is ahead of everybody else's by CLOCK_AHEAD milliseconds. */
const ahead = Number(process.env.CLOCK_AHEAD ?? 0)
const RealDate = globalThis.Date

class ShiftedDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    if (given.length === 0) super(RealDate.now() + ahead)
    else super(...given)
  }

  static override now(): number {
    return RealDate.now() + ahead
  }
}

globalThis.Date = ShiftedDate as DateConstructor
