import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './processes.ts'

/** Debian packages that the tests run, and why. */
export const packages = {
  'mariadb-server': 'database',
  'mariadb-client': 'database set-up',
  postgresql: 'database',
  memcached: 'token cache',
  keystone: 'identity',
  'python3-pymysql': "Keystone's and the reference's database driver",
  'python3-psycopg2': "the reference's PostgreSQL driver",
  'python3-memcache': "Keystone's and the reference's cache client",
  'python3-boto3': "the reference's S3 client",
  'uwsgi-plugin-python3': 'serves Keystone',
  'glance-api': 'the reference',
  'glance-common': 'the reference',
  'python3-openstackclient': 'the client of the acceptance tests',
  'python3-glanceclient': 'the client of the acceptance tests',
  'swift-proxy': 'object store',
  'swift-account': 'object store',
  'swift-container': 'object store',
  'swift-object': 'object store',
  eatmydata: 'object store without waiting for the disk',
  'python3-keystonemiddleware': "identity of the object store's users",
  'python3-swiftclient': "the reference's client of the object store",
  'ceph-mon': 'block device store',
  'ceph-osd': 'block device store',
  'ceph-common': "block device store: its libraries and the operator's commands",
  'python3-rbd': "the reference's driver of the block device store",
  radosgw: 'S3 store',
  'qemu-utils': 'makes test images, and converts images',
  'xz-utils': 'decompresses images',
  bzip2: 'decompresses images',
  strace: 'tells which files are opened',
  'nginx-light': 'the limit in the benchmark',
  wrk: 'load of the benchmark',
  curl: 'transfers of the benchmark',
  rclone: 'S3 transfers of the benchmark',
  openssl: 'certificates of the tests',
  'grub-rescue-pc': 'bootable test images',
  'python3-tempest': "OpenStack's own tests",
  'glance-tempest-plugin': "OpenStack's own tests of who may do what",
  systemd: 'checks the units of the package',
  logrotate: 'checks the rotation of logs in the package',
  subunit: "reads the tests' results",
} as const

/** Versions of Debian packages that are installed. */
export async function installedVersions(names: readonly (keyof typeof packages)[]): Promise<Record<string, string>> {
  const text = await run(['dpkg-query', '-W', '-f', `\${Package} \${Version}\n`, ...names])
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  )
}

/** The packages of the list that dpkg does not hold as installed. */
export function missingPackages(): string[] {
  const names = Object.keys(packages)
  const query = spawnSync('dpkg-query', ['-W', '-f', `\${Package} \${db:Status-Status}\n`, ...names], {
    encoding: 'utf8',
  })
  if (query.error) throw new Error("The tests' peers come from Debian packages, and this machine has no dpkg-query.")
  const installed = new Set(
    query.stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  )
  return names.filter((name) => !installed.has(name))
}

/**
 * Installs what is missing with apt-get.
 * @throws with the command to type if neither root nor sudo is at hand, or with apt-get's own words
 */
export function installPackages(log: (line: string) => void): void {
  const missing = missingPackages()
  if (missing.length === 0) return
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...missing]
  const isRoot = process.getuid?.() === 0
  if (!onPath('apt-get') || !(isRoot || onPath('sudo'))) {
    throw new Error(`Packages are missing; as root on Debian 12 or newer, run:\n  ${install.join(' ')}`)
  }
  const elevate = isRoot ? [] : ['sudo', '-n']
  log(`installing ${missing.join(' ')}`)
  const withEnv = [...elevate, 'env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1']
  aptGet([...withEnv, 'apt-get', 'update', '-q'])
  aptGet([...withEnv, ...install])
}

function aptGet(command: string[]): void {
  const [program = '', ...args] = command
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (result.status === 0) return
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.split('\n').slice(-20).join('\n')
  throw new Error(`${command.join(' ')} failed:\n${result.error?.message ?? output}`)
}

/** Finds a program: on PATH, in the folders of system daemons, then in `extra`. @throws with the hint to install */
export function findProgram(name: string, extra: readonly string[] = []): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/sbin']
  for (const folder of [...extra, ...folders]) {
    if (folder && existsSync(join(folder, name))) return join(folder, name)
  }
  throw new Error(`${name} is not installed; run: node test/peers/cli.ts install`)
}

function onPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
