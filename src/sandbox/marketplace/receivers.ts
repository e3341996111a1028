/** Invented people in China: divisions that exist, streets and numbers that do not. */
import type { Receiver } from './trade.ts'

type Row = [
  name: string,
  mobile: string,
  province: string,
  city: string,
  district: string | null,
  town: string | null,
  address: string,
  zip: string,
]

const ROWS: Row[] = [
  ['张伟', '13800000001', '上海', '上海市', '浦东新区', '花木街道', '样例路1号2单元301室', '200120'],
  ['王秀英', '13800000002', '北京', '北京市', '海淀区', '中关村街道', '示例大街27号', '100080'],
  ['李娜', '13800000003', '浙江省', '杭州市', '余杭区', '五常街道', '虚构小区3幢502', '310023'],
  ['欧阳明月', '13800000004', '广东省', '深圳市', '南山区', null, '假想科技园B座18层', '518057'],
  ['刘洋', '13800000005', '四川省', '成都市', '武侯区', '桂溪街道', '无名巷88号', '610041'],
  ['陈静', '13800000006', '湖北省', '武汉市', '洪山区', null, '想象路100号 <后门>', '430070'],
]

/** Names outside GBK's first planes, cities without districts, addresses as long as people write them. */
const RARE: Row[] = [
  ['𠮷野龘', '13800000007', '广东省', '东莞市', null, '长安镇', '㐂多路9号“甲”栋 & 地下', '523000'],
  ['买买提·艾力', '13800000008', '新疆维吾尔自治区', '喀什地区', '喀什市', null, '样例巷 5 号 🏠', '844000'],
  [
    '龘',
    '13800000009',
    '河南省',
    '省直辖县级行政区划',
    '济源市',
    null,
    `${'很长的地址'.repeat(12)}1号`,
    '454650',
  ],
]

/** Receiver number `n` of the ordinary ones. */
export const receiver = (n: number): Receiver => receiverOf(ROWS[n % ROWS.length]!)

/** Receiver number `n` of those that break things. */
export const rareReceiver = (n: number): Receiver => receiverOf(RARE[n % RARE.length]!)

function receiverOf([name, mobile, province, city, district, town, address, zip]: Row): Receiver {
  return { name, mobile, province, city, district, town, address, zip }
}
