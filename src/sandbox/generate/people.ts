/** Invented buyers and addresses: scripts of the world, emoji, rare hanzi and the holes of real address books. */
import type { ShopAddress } from '../shopify/order.ts'

export interface Person {
  firstName: string | null
  lastName: string | null
  address: ShopAddress
}

type Row = [
  first: string | null,
  last: string | null,
  address1: string,
  city: string,
  code: string,
  country: string,
  zip: string,
  phone: string,
]

const ROWS: Row[] = [
  ['伟', '张', '人民路 1 号 2 单元 301', '上海市', 'CN', 'China', '200000', '+8613800000001'],
  ['秀英', '王', '中关村大街 27 号', '北京市', 'CN', 'China', '100080', '+8613800000002'],
  ['太郎', '見本', '見本町1-2-3', '見本市', 'JP', 'Japan', '000-0000', '+810000000000'],
  ['Anna', 'Müller', 'Königsstraße 5', 'Köln', 'DE', 'Germany', '50667', '+490000000001'],
  ['Zoë', 'O’Brien', '12 Main St, Apt. #4', 'Springfield', 'US', 'United States', '00000', '+10000000003'],
  ['مريم', 'الأحمد', 'شارع ١٢، منزل ٤', 'الكويت', 'KW', 'Kuwait', '13001', '+96500000004'],
  ['민준', '김', '세종대로 110', '서울', 'KR', 'South Korea', '04524', '+820000000005'],
  ['Jiří', 'Novák', 'Dlouhá 33 & syn <zadní>', 'Praha', 'CZ', 'Czechia', '110 00', '+420000000006'],
]

const RARE: Row[] = [
  ['翔太 🍵', '𠮷野', '𠮷祥寺本町 2-1 ☕', '武蔵野市', 'JP', 'Japan', '180-0004', '+810000000007'],
  ['㐂子', '髙橋', '㐂多町 9 👨‍👩‍👧‍👦', '喜多方市', 'JP', 'Japan', '966-0000', '+810000000008'],
  ['龘 🐉', '𠀀', '𨋢口 3 樓 “甲”', '香港', 'HK', 'Hong Kong SAR', '', '+85200000009'],
]

/** Buyer number `n` of the ordinary ones. */
export function person(n: number): Person {
  return personOf(ROWS[n % ROWS.length]!)
}

/** Buyer number `n` of those whose names do not fit into GBK. */
export function rarePerson(n: number): Person {
  return personOf(RARE[n % RARE.length]!)
}

function personOf([firstName, lastName, address1, city, countryCode, country, zip, phone]: Row): Person {
  return {
    firstName,
    lastName,
    address: {
      firstName,
      lastName,
      company: null,
      address1,
      address2: null,
      city,
      province: null,
      provinceCode: null,
      zip,
      country,
      countryCode,
      phone,
    },
  }
}

/** The name on an address or customer, as Shopify joins it; null when both parts are missing. */
export function fullName(of: { firstName: string | null; lastName: string | null }): string | null {
  const parts = [of.firstName, of.lastName].filter((p) => p !== null && p !== '')
  return parts.length > 0 ? parts.join(' ') : null
}

/** What buyers write, among it a note longer than most ERP fields. */
export const NOTES: readonly (string | null)[] = Object.freeze([
  null,
  null,
  null,
  '请放门口，谢谢',
  '置き配希望。\nベルは鳴らさないでください 🙏',
  'Gift for “𠮷田 㐂助” <no price tag> & a card, please 🎁',
  `${'长备注：请在工作日送货，周末无人。🏠'.repeat(14)}完`,
])
