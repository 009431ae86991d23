import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openLog } from './logging.ts'

async function tempDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'glimpse-log-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

test('writes lines of oslo.log with the level and the ids of the request', async (t) => {
  const dir = await tempDir(t)
  const log = await openLog({ debug: false, log_file: 'api.log', log_dir: dir, use_json: false })
  log.child({ requestId: 'req-1', userId: 'u1', projectId: 'p1' }).warn({ status: 409 }, 'image is busy')
  log.debug({}, 'not asked for')
  log.flush()
  const text = await readFile(join(dir, 'api.log'), 'utf8')
  assert.match(
    text,
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \d+ WARNING glance \[req-1 u1 p1 - - -\] image is busy status=409\n$/,
  )
})

for (const json of [false, true]) {
  test(`masks secret fields and credentials within URLs and errors, ${json ? 'as JSON' : 'as lines'}`, async (t) => {
    const dir = await tempDir(t)
    const log = await openLog({ debug: false, log_file: join(dir, 'api.log'), log_dir: null, use_json: json })
    const cause = new Error('cannot reach s3://KEY:SEC/RET@host/bucket')
    log.error(
      {
        err: new Error('failed', { cause }),
        headers: { 'x-auth-token': 'TOKEN' },
        connection: 'mysql://glance:PASSWORD@db/glance',
      },
      'no luck',
    )
    log.flush()
    const text = await readFile(join(dir, 'api.log'), 'utf8')
    assert.doesNotMatch(text, /SEC|RET|TOKEN|PASSWORD/)
    assert.match(text, /cannot reach s3:\/\/\*\*\*@host\/bucket/)
  })
}

test('writes into a new file after rotation', async (t) => {
  const dir = await tempDir(t)
  const path = join(dir, 'api.log')
  const log = await openLog({ debug: false, log_file: path, log_dir: null, use_json: false })
  log.info({}, 'before')
  log.flush()
  await rename(path, `${path}.1`)
  log.reopen()
  for (let round = 0; !existsSync(path); round++) {
    assert.ok(round < 1000, 'the file was not opened anew')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  log.info({}, 'after')
  log.flush()
  assert.match(await readFile(path, 'utf8'), /after/)
  assert.match(await readFile(`${path}.1`, 'utf8'), /before/)
})
