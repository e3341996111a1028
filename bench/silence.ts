/**
 * How often the silence alarm is wrong, and how long it takes to find a shop that stopped, on made-up shops: days
 * differ by a third, hours by a quarter, weekends have 70 % of a weekday, nights a twentieth of the evening.
 *
 *   npm run bench:silence
 */
import {
  busyMinutes,
  chance,
  falseAlarms,
  type Shop,
  timeToDetect,
} from '../tests/support/synthetic-stream.ts'

const YEARS = 3
const STOPS = 60

const holidays = (day: number) => (day % 180 >= 100 && day % 180 < 108 ? 0.1 : day % 90 === 50 ? 6 : 1)

const SHOPS: [string, Omit<Shop, 'seed'>][] = [
  ['5,000 orders a day', { perDay: 5000, days: 365 }],
  ['1,000', { perDay: 1000, days: 365 * YEARS }],
  ['200', { perDay: 200, days: 365 * YEARS }],
  ['200, read every five minutes', { perDay: 200, days: 365 * YEARS, poll: 5 }],
  ['50', { perDay: 50, days: 365 * YEARS }],
  ['10', { perDay: 10, days: 365 * YEARS }],
  ['2', { perDay: 2, days: 365 * YEARS }],
  [
    '200, two weeks of holidays (a tenth of the orders) and four promotions a year',
    { perDay: 200, days: 365 * YEARS, special: holidays },
  ],
  ['200, days that differ by twice as much', { perDay: 200, days: 365 * YEARS, spread: 0.6, weekend: 0.4 }],
]

const shown = (minutes: number) =>
  minutes < 120
    ? `${minutes} min`
    : minutes < 2880
      ? `${(minutes / 60).toFixed(1)} h`
      : `${(minutes / 1440).toFixed(1)} d`

console.log('| orders of the shop | false alarms a year | found after (median) | nine of ten within |')
console.log('|---|---|---|---|')
for (const [name, made] of SHOPS) {
  const shop = { ...made, seed: 11 }
  const busy = busyMinutes(shop)
  const random = chance(17)
  // stops come at any time of day, but at a record: that is when the last one came
  const times = Array.from({ length: STOPS }, () =>
    timeToDetect(shop, busy, Math.floor(busy.length * (0.4 + 0.55 * random()))),
  ).map((t) => t ?? Number.POSITIVE_INFINITY)
  times.sort((a, b) => a - b)
  const at = (share: number) => shown(times[Math.floor(STOPS * share)]!)
  console.log(`| ${name} | ${falseAlarms(shop, busy).toFixed(1)} | ${at(0.5)} | ${at(0.9)} |`)
}
