/** Where orders go: real divisions of China, invented people. */
import type { Receiver } from './order.ts'

type Row = [
  name: string,
  phone: string,
  province: string,
  city: string,
  town: string,
  street: string,
  detail: string,
]

/** Divisions as `code name`. */
const RECEIVERS: Row[] = [
  [
    '张伟',
    '13800000001',
    '31 上海市',
    '310100 上海市',
    '310115 浦东新区',
    '310115009 花木街道',
    '芳甸路 1 号 2 单元 301',
  ],
  [
    '王秀英',
    '13800000002',
    '11 北京市',
    '110100 北京市',
    '110108 海淀区',
    '110108015 中关村街道',
    '科学院南路 27 号',
  ],
  [
    '林小雨',
    '13900000003',
    '35 福建省',
    '350200 厦门市',
    '350203 思明区',
    '350203010 莲前街道',
    '前埔西路 8 号 (驿站)',
  ],
  [
    '陈志强',
    '13700000004',
    '44 广东省',
    '440300 深圳市',
    '440305 南山区',
    '440305007 粤海街道',
    '科苑路 15 号 A 座 12F',
  ],
  [
    '阿依古丽·买买提',
    '13600000005',
    '65 新疆维吾尔自治区',
    '653100 喀什地区',
    '653101 喀什市',
    '653101001 恰萨街道',
    '人民东路 3 号',
  ],
]

/** How many there are. */
export const RECEIVER_COUNT = RECEIVERS.length

/** Receiver number `n`, counted round and round. */
export function receiver(n: number): Receiver {
  const [name, phone, ...rest] = RECEIVERS[n % RECEIVERS.length]!
  const [province, city, town, street] = rest.slice(0, 4).map((text) => {
    const [id = '', label = ''] = text.split(' ')
    return { id, name: label }
  })
  return { name, phone, province: province!, city: city!, town: town!, street: street!, detail: rest[4]! }
}
