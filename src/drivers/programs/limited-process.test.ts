import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMissing, type ProcessLimits, startLimited } from './limited-process.ts'

const never = new AbortController().signal
const limits: ProcessLimits = { memoryBytes: 2 ** 30, cpuSeconds: 60, fileBytes: 2 ** 20 }
const start = (command: string[], options: Partial<ProcessLimits> & { signal?: AbortSignal } = {}) =>
  startLimited(command, {
    limits: { ...limits, ...options },
    signal: options.signal ?? never,
    stdio: ['ignore', 'pipe', 'pipe'],
  })

test('tells how a program has ended, and of one that does not exist', async () => {
  const { child, ended } = start(['sh', '-c', 'echo well; echo ill >&2; exit 3'])
  const [output] = (await once(child.stdout as NonNullable<typeof child.stdout>, 'data')) as [Buffer]
  assert.equal(output.toString(), 'well\n')
  assert.deepEqual(await ended, { code: 3, killedBy: null, complaint: 'ill\n' })
  assert.ok(isMissing(await start(['no-such-program']).ended))
})

test('passes nothing of the environment on', async () => {
  process.env.GLIMPSE_SECRET = 'secret'
  assert.equal((await start(['sh', '-c', 'test -z "$GLIMPSE_SECRET"']).ended).code, 0)
  delete process.env.GLIMPSE_SECRET
})

test('ends a program that takes too much of the processor, or writes too much', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'glimpse-limits-'))
  t.after(() => rm(directory, { recursive: true }))
  assert.match(
    (await start(['sh', '-c', 'while :; do :; done'], { cpuSeconds: 1 }).ended).killedBy ?? '',
    /SIG(XCPU|KILL)/,
  )
  const path = join(directory, 'file')
  await start(['dd', 'if=/dev/zero', `of=${path}`, 'bs=65536', 'count=64']).ended
  const file = await open(path)
  assert.equal((await file.stat()).size, limits.fileBytes)
  await file.close()
})

test('kills a program at the signal', async () => {
  const stopping = new AbortController()
  const { ended } = start(['sleep', '60'], { signal: stopping.signal })
  stopping.abort()
  assert.equal((await ended).killedBy, 'SIGKILL')
  assert.equal((await start(['sleep', '60'], { signal: stopping.signal }).ended).killedBy, 'SIGKILL')
})

test('the program dies with the process that has started it', async () => {
  const url = new URL('./limited-process.ts', import.meta.url)
  const script = `import { startLimited } from ${JSON.stringify(url)}
    const options = { limits: ${JSON.stringify(limits)}, signal: new AbortController().signal, stdio: ['ignore', 'pipe', 'ignore'] }
    const { child } = startLimited(['sh', '-c', 'echo ready; exec sleep 60'], options)
    child.stdout.once('data', () => console.log(child.pid))`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [pid] = (await once(parent.stdout, 'data')) as [Buffer]
  parent.kill('SIGKILL')
  const isThere = () => {
    try {
      return process.kill(Number(pid), 0)
    } catch {
      return false
    }
  }
  const deadline = Date.now() + 10_000
  while (isThere() && Date.now() < deadline) await sleep(10)
  assert.ok(!isThere())
})
