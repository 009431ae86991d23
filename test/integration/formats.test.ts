import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { run } from '../peers/processes.ts'
import { inspect, judge } from '../support/inspect.ts'

const mib = 2 ** 20
const refused = { code: 'image_data_refused' }
/** qemu-img's name, our name and its options; made without data and from data. */
const harmless = [
  ['raw', 'raw', ['', 'preallocation=full']],
  [
    'qcow2',
    'qcow2',
    [
      '',
      'compat=0.10',
      'cluster_size=512',
      'cluster_size=2M',
      'lazy_refcounts=on',
      'refcount_bits=1',
      'refcount_bits=64',
      'extended_l2=on',
      'compression_type=zstd',
      'preallocation=metadata',
      'preallocation=full',
    ],
  ],
  ['vdi', 'vdi', ['', 'static=on']],
  ['vhdx', 'vhdx', ['', 'subformat=fixed', 'block_size=1M', 'log_size=2M', 'block_state_zero=off']],
  ['vpc', 'vhd', ['', 'force_size=on', 'subformat=fixed', 'subformat=fixed,force_size=on']],
  [
    'vmdk',
    'vmdk',
    ['', 'compat6=on', 'zeroed_grain=on', 'hwversion=7', 'adapter_type=lsilogic', 'subformat=streamOptimized'],
  ],
  ['parallels', 'ploop', ['', 'cluster_size=64k']],
] as const

describe('the inspection of what qemu-img makes', () => {
  let folder: string
  let disk: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'glimpse-formats-'))
    disk = join(folder, 'disk')
    // Some data here and there, so that blocks are filled.
    const file = await open(disk, 'w')
    await file.truncate(3 * mib)
    for (const at of [0, mib, 2 * mib + 12_345]) await file.write(Buffer.alloc(70_000, 'data '), 0, 70_000, at)
    await file.close()
  })

  after(() => rm(folder, { recursive: true, force: true }))

  const image = (name: string) => join(folder, name)
  const make = async (format: string, { options = '', from }: { options?: string; from?: string } = {}) => {
    const path = image(`${format}-${options}`)
    const flags = options === '' ? [] : ['-o', options]
    await run(
      from === undefined
        ? ['/usr/bin/qemu-img', 'create', '-q', '-f', format, ...flags, path, '3M']
        : ['/usr/bin/qemu-img', 'convert', '-f', 'raw', '-O', format, ...flags, from, path],
    )
    return path
  }
  const virtualSize = async (path: string, format: string): Promise<number> => {
    const stdout = await run(['/usr/bin/qemu-img', 'info', '--output=json', '-f', format, path])
    return JSON.parse(stdout)['virtual-size']
  }

  for (const [qemuName, name, variants] of harmless) {
    for (const options of variants) {
      for (const filled of [false, true]) {
        it(`finds ${name} (${options || 'plain'}${filled ? ', with data' : ''}), its size, and nothing against it`, async () => {
          const path = await make(qemuName, { options, ...(filled ? { from: disk } : {}) })
          const data = await readFile(path)
          const size = await virtualSize(path, qemuName)
          const { found } = inspect(data)
          assert.deepEqual(
            found.map(({ format, flaws, virtualSizeBytes }) => ({ format, flaws, virtualSizeBytes })),
            name === 'raw' ? [] : [{ format: name, flaws: [], virtualSizeBytes: size }],
          )
          for (const origin of ['upload', 'import'] as const) assert.equal(judge(data, name, { origin }), size)
          await rm(path)
        })
      }
    }
  }

  it('finds the sizes of large disks', async () => {
    for (const [qemuName, name] of harmless) {
      if (name === 'raw') continue
      const path = image(`large-${name}`)
      await run(['/usr/bin/qemu-img', 'create', '-q', '-f', qemuName, path, '100G'])
      assert.equal(judge(await readFile(path), name), await virtualSize(path, qemuName))
      await rm(path)
    }
  })

  it('finds encrypted disks, and nothing against them', async () => {
    const secret = ['--object', 'secret,id=key,data=password']
    for (const [qemuName, options] of [
      ['luks', 'key-secret=key,iter-time=10'],
      ['qcow2', 'encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10'],
    ] as const) {
      const path = image(`encrypted-${qemuName}`)
      await run(['/usr/bin/qemu-img', 'create', '-q', ...secret, '-f', qemuName, '-o', options, path, '1M'])
      const data = await readFile(path)
      assert.deepEqual(
        inspect(data).found.map(({ format, flaws, virtualSizeBytes }) => [format, flaws, virtualSizeBytes]),
        [[qemuName, [], mib]],
      )
      assert.equal(judge(data, qemuName), mib)
    }
  })

  it('refuses disks with a backing file or a data file', async () => {
    await run(['/usr/bin/qemu-img', 'create', '-q', '-f', 'raw', image('base.raw'), '1M'])
    await run(['/usr/bin/qemu-img', 'create', '-q', '-f', 'vmdk', image('base.vmdk'), '1M'])
    for (const [format, more] of [
      ['qcow2', ['-b', image('base.raw'), '-F', 'raw']],
      ['qcow2', ['-o', 'compat=0.10', '-b', image('base.raw'), '-F', 'raw']],
      ['qed', ['-b', image('base.raw'), '-F', 'raw']],
      ['vmdk', ['-b', image('base.vmdk'), '-F', 'vmdk']],
      ['qcow2', ['-o', `data_file=${image('data')},data_file_raw=on`]],
    ] as const) {
      const path = image('dependent')
      await run(['/usr/bin/qemu-img', 'create', '-q', '-f', format, ...more, path, '1M'])
      for (const origin of ['upload', 'import', 'location'] as const) {
        for (const name of [format, 'raw']) assert.throws(() => judge(readFileSync(path), name, { origin }), refused)
      }
      await rm(path)
    }
  })

  it('refuses disks in several files, and formats that nobody supports', async () => {
    for (const subformat of ['monolithicFlat', 'twoGbMaxExtentSparse', 'twoGbMaxExtentFlat']) {
      const path = await make('vmdk', { options: `subformat=${subformat}` })
      assert.throws(() => judge(readFileSync(path), 'vmdk'), refused)
      assert.throws(() => judge(readFileSync(path), 'raw', { origin: 'location' }), refused)
    }
    for (const format of ['qcow', 'qed']) {
      const path = await make(format)
      assert.throws(() => judge(readFileSync(path), 'qcow2'), refused)
    }
  })
})
