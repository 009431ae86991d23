import { table } from '../support/case.ts'
import { sampleData } from '../support/images.ts'

const path = '/v2/images/{image}/file'
const binary = { 'content-type': 'application/octet-stream' }
const seen = [
  { as: 'member', method: 'GET', path: '/v2/images/{image}' },
  { as: 'member', method: 'GET', path },
] as const
const mebibyte = 1024 * 1024

/** `PUT /v2/images/{id}/file` */
export const uploadCases = table('upload', [
  ['sized', 'member', 'PUT', path, { image: 'queued', headers: binary, body: sampleData, next: seen }],
  [
    'chunked',
    'member',
    'PUT',
    path,
    {
      image: 'queued',
      headers: { ...binary, 'transfer-encoding': 'chunked' },
      body: sampleData,
      next: seen,
    },
  ],
  ['nothing', 'member', 'PUT', path, { image: 'queued', headers: binary, body: '', next: seen }],
  [
    'as much as the cap allows',
    'member',
    'PUT',
    path,
    {
      image: 'queued',
      headers: binary,
      body: 'x'.repeat(mebibyte),
      next: seen.slice(0, 1),
    },
  ],
  [
    'one byte more than the cap',
    'member',
    'PUT',
    path,
    {
      image: 'queued',
      headers: binary,
      body: 'x'.repeat(mebibyte + 1),
      next: seen,
    },
  ],
  [
    'chunked beyond the cap',
    'member',
    'PUT',
    path,
    {
      image: 'queued',
      headers: { ...binary, 'transfer-encoding': 'chunked' },
      body: 'x'.repeat(mebibyte + 1),
      next: seen,
    },
  ],
  [
    'as JSON',
    'member',
    'PUT',
    path,
    {
      image: 'queued',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      next: seen,
    },
  ],
  [
    'without a content type',
    'member',
    'PUT',
    path,
    {
      image: 'queued',
      headers: { 'content-type': '' },
      body: sampleData,
      next: seen,
    },
  ],
  [
    'with parameters on the content type',
    'member',
    'PUT',
    path,
    {
      image: 'queued',
      headers: { 'content-type': 'application/octet-stream; x=y' },
      body: sampleData,
      next: seen,
    },
  ],
  [
    'to an image without formats',
    'member',
    'PUT',
    path,
    { image: 'bare', headers: binary, body: sampleData, next: seen },
  ],
  ['to an active image', 'member', 'PUT', path, { image: 'active', headers: binary, body: 'other data', next: seen }],
  ['to a deactivated image', 'member', 'PUT', path, { image: 'deactivated', headers: binary, body: 'x', next: seen }],
  ['to a deleted image', 'member', 'PUT', path, { image: 'deleted', headers: binary, body: 'x' }],
  [
    'to an id that was never given',
    'member',
    'PUT',
    '/v2/images/00000000-0000-4000-8000-000000000000/file',
    {
      headers: binary,
      body: 'x',
    },
  ],
  ['as admin', 'admin', 'PUT', path, { image: 'queued', headers: binary, body: sampleData, next: seen }],
  ['as a reader', 'reader', 'PUT', path, { image: 'queued', headers: binary, body: 'x', next: seen }],
  ['as another project', 'other', 'PUT', path, { image: 'queued', headers: binary, body: 'x', next: seen }],
  [
    'as the member of a shared image',
    'other',
    'PUT',
    path,
    { image: 'crowded', headers: binary, body: 'x', next: seen },
  ],
  [
    'to a store by name',
    'member',
    'PUT',
    path,
    {
      image: 'queued',
      headers: { ...binary, 'x-image-meta-store': 'file1' },
      body: sampleData,
      next: seen,
    },
  ],
  [
    'to a store that is not there',
    'member',
    'PUT',
    path,
    {
      image: 'queued',
      headers: { ...binary, 'x-image-meta-store': 'nonsense' },
      body: sampleData,
      next: seen,
    },
  ],
])

const range = (name: string, value: string, header = 'range') =>
  [name, 'member', 'GET', '/v2/images/{id:active}/file', { headers: { [header]: value } }] as const

/** `GET /v2/images/{id}/file` */
export const downloadCases = table('download', [
  ['own image', 'member', 'GET', '/v2/images/{id:active}/file'],
  ['HEAD', 'member', 'HEAD', '/v2/images/{id:active}/file'],
  ['as a reader', 'reader', 'GET', '/v2/images/{id:active}/file'],
  ['as admin', 'admin', 'GET', '/v2/images/{id:active}/file'],
  ['a queued image', 'member', 'GET', '/v2/images/{id:queued}/file'],
  ['an empty image', 'member', 'GET', '/v2/images/{id:empty}/file'],
  ['a deactivated image', 'member', 'GET', '/v2/images/{id:deactivated}/file'],
  ['a deactivated image, as admin', 'admin', 'GET', '/v2/images/{id:deactivated}/file'],
  ['a deleted image', 'member', 'GET', '/v2/images/{id:deleted}/file'],
  ['a private image of another project', 'other', 'GET', '/v2/images/{id:private}/file'],
  ['a public image', 'other', 'GET', '/v2/images/{id:public}/file'],
  ['a community image', 'stranger', 'GET', '/v2/images/{id:community}/file'],
  ['a shared image', 'other', 'GET', '/v2/images/{id:pending}/file'],
  ['a shared image, as a stranger', 'stranger', 'GET', '/v2/images/{id:pending}/file'],
  ['an id that was never given', 'member', 'GET', '/v2/images/00000000-0000-4000-8000-000000000000/file'],
  ['as JSON', 'member', 'GET', '/v2/images/{id:active}/file', { headers: { accept: 'application/json' } }],
  range('the first ten bytes', 'bytes=0-9'),
  range('ten bytes in the middle', 'bytes=10-19'),
  range('one byte', 'bytes=5-5'),
  range('from the tenth on', 'bytes=10-'),
  range('the last ten', 'bytes=-10'),
  range('more than there is', 'bytes=10-1000'),
  range('the whole by range', 'bytes=0-63'),
  range('a range beyond the end', 'bytes=64-'),
  range('a range far beyond the end', 'bytes=1000-2000'),
  range('a range that runs backwards', 'bytes=20-10'),
  range('two ranges', 'bytes=0-1,5-6'),
  range('a range in other units', 'lines=1-2'),
  range('a range of nothing', 'bytes='),
  range('a range of words', 'bytes=a-b'),
  range('a range without units', '0-9'),
  range('the last zero bytes', 'bytes=-0'),
  range('more last bytes than there are', 'bytes=-100'),
  range('content-range', 'bytes 10-19/64', 'content-range'),
  range('content-range with an unknown size', 'bytes 10-19/*', 'content-range'),
  range('content-range beyond the end', 'bytes 60-70/64', 'content-range'),
  range('content-range of another size', 'bytes 10-19/100', 'content-range'),
  range('content-range of words', 'bytes a-b/c', 'content-range'),
  ['a range of an empty image', 'member', 'GET', '/v2/images/{id:empty}/file', { headers: { range: 'bytes=0-0' } }],
  ['a range of a queued image', 'member', 'GET', '/v2/images/{id:queued}/file', { headers: { range: 'bytes=0-0' } }],
])

const state = [{ as: 'member', method: 'GET', path: '/v2/images/{image}' }] as const
const action = (name: string) => `/v2/images/{image}/actions/${name}`

/** `POST /v2/images/{id}/actions/...` */
export const actionCases = table('actions', [
  ['deactivate', 'admin', 'POST', action('deactivate'), { image: 'active', next: state }],
  ['deactivate what is', 'admin', 'POST', action('deactivate'), { image: 'deactivated', next: state }],
  ['deactivate a queued image', 'admin', 'POST', action('deactivate'), { image: 'queued', next: state }],
  ['deactivate, as the owner', 'member', 'POST', action('deactivate'), { image: 'active', next: state }],
  ['deactivate, as a reader', 'reader', 'POST', action('deactivate'), { image: 'active', next: state }],
  ['deactivate, as another project', 'other', 'POST', action('deactivate'), { image: 'active', next: state }],
  ['reactivate', 'admin', 'POST', action('reactivate'), { image: 'deactivated', next: state }],
  ['reactivate what is', 'admin', 'POST', action('reactivate'), { image: 'active', next: state }],
  ['reactivate a queued image', 'admin', 'POST', action('reactivate'), { image: 'queued', next: state }],
  ['reactivate, as the owner', 'member', 'POST', action('reactivate'), { image: 'deactivated', next: state }],
  ['reactivate, as a reader', 'reader', 'POST', action('reactivate'), { image: 'deactivated', next: state }],
  ['deactivate with a body', 'admin', 'POST', action('deactivate'), { image: 'active', body: {}, next: state }],
  [
    'deactivate an id that was never given',
    'admin',
    'POST',
    '/v2/images/00000000-0000-4000-8000-000000000000/actions/deactivate',
  ],
])
