import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shownUrl } from './shown-url.ts'

for (const [url, shown] of [
  ['http://user:pass@host:8080/a@b', 'http://host:8080/a@b'],
  ['https://us%40er@host/a', 'https://host/a'],
  ['http://a@b@host/', 'http://host/'],
  ['swift+https://account%3Auser:key@keystone:5000/v3/box/id', 'swift+https://keystone:5000/v3/box/id'],
  ['s3+https://ACCESS:se/cr+et=@host/bucket/id', 's3+https://host/bucket/id'],
  ['s3://host/bucket/id', 's3://host/bucket/id'],
  [
    'https://host/a?X-Amz-Credential=AK%2F1&X-Amz-Signature=abc&x=1#f',
    'https://host/a?X-Amz-Credential=***&X-Amz-Signature=***&x=1#f',
  ],
  ['https://host/a?temp_url_sig=abc&temp_url_expires=9', 'https://host/a?temp_url_sig=***&temp_url_expires=9'],
  ['https://host/a?design=1', 'https://host/a?design=1'],
  ['rbd://fsid/pool/image/snap', 'rbd://fsid/pool/image/snap'],
  ['file:///var/lib/glance/images/a@b', 'file:///var/lib/glance/images/a@b'],
  ['swift+config://ref1/box/id', 'swift+config://ref1/box/id'],
  ['cinder://store/volume', 'cinder://store/volume'],
  ['no URL', 'no URL'],
] as const) {
  test(`shows ${url} as ${shown}`, () => assert.equal(shownUrl(url), shown))
}
