import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hasCode } from '../errors/error.ts'
import { parseDatabaseUrl } from './database-url.ts'

describe('parseDatabaseUrl', () => {
  it('reads the URL of an installation guide', () => {
    assert.deepEqual(parseDatabaseUrl('mysql+pymysql://glance:GLANCE_DBPASS@controller/glance'), {
      engine: 'mysql',
      host: 'controller',
      port: 3306,
      user: 'glance',
      password: 'GLANCE_DBPASS',
      database: 'glance',
      ignoredParameters: [],
    })
  })

  it('reads port, character set, time limit and names parameters without meaning', () => {
    const url = 'mysql://glance@10.0.0.1:3307/glance?charset=utf8&connect_timeout=7&plugin=dbcounter'
    assert.deepEqual(parseDatabaseUrl(url), {
      engine: 'mysql',
      host: '10.0.0.1',
      port: 3307,
      user: 'glance',
      database: 'glance',
      charset: 'utf8',
      connectTimeoutSeconds: 7,
      ignoredParameters: ['plugin'],
    })
  })

  it('reads sockets of MySQL and of PostgreSQL', () => {
    const mysql = parseDatabaseUrl('mysql+pymysql://glance:pw@localhost/glance?unix_socket=/run/mysqld/mysqld.sock')
    assert.equal('socketPath' in mysql && mysql.socketPath, '/run/mysqld/mysqld.sock')
    const postgresql = parseDatabaseUrl('postgresql+psycopg2://glance@/glance?host=/var/run/postgresql')
    assert.deepEqual(postgresql, {
      engine: 'postgresql',
      host: 'localhost',
      port: 5432,
      user: 'glance',
      database: 'glance',
      socketPath: '/var/run/postgresql',
      ignoredParameters: [],
    })
  })

  it('reads an IPv6 address in brackets', () => {
    const target = parseDatabaseUrl('postgresql://glance:pw@[fd00::1]:5433/glance')
    assert.deepEqual('host' in target && [target.host, target.port], ['fd00::1', 5433])
  })

  for (const [query, tls] of [
    ['ssl_ca=/ca.pem', { verify: 'full', caFile: '/ca.pem' }],
    ['ssl_ca=/ca.pem&ssl_check_hostname=false', { verify: 'authority', caFile: '/ca.pem' }],
    ['ssl_cert=/c.pem&ssl_key=/k.pem', { verify: 'none', certFile: '/c.pem', keyFile: '/k.pem' }],
    ['ssl=true', { verify: 'none' }],
    ['ssl_mode=VERIFY_CA&ssl_ca=/ca.pem&ssl_check_hostname=0', { verify: 'authority', caFile: '/ca.pem' }],
    ['ssl_mode=DISABLED', undefined],
    ['charset=utf8mb4', undefined],
  ] as const) {
    it(`takes ${tls ? `TLS with check '${tls.verify}'` : 'no TLS'} from ?${query} of MySQL`, () => {
      const target = parseDatabaseUrl(`mysql+pymysql://u:p@h/d?${query}`)
      assert.deepEqual('tls' in target ? target.tls : undefined, tls)
    })
  }

  for (const [query, tls] of [
    ['sslmode=prefer', undefined],
    ['sslmode=disable&sslrootcert=/ca.pem', undefined],
    ['sslmode=require', { verify: 'none' }],
    ['sslmode=require&sslrootcert=/ca.pem', { verify: 'authority', caFile: '/ca.pem' }],
    ['sslmode=verify-full&sslrootcert=/ca.pem', { verify: 'full', caFile: '/ca.pem' }],
  ] as const) {
    it(`takes ${tls ? `TLS with check '${tls.verify}'` : 'no TLS'} from ?${query} of PostgreSQL`, () => {
      const target = parseDatabaseUrl(`postgresql://u:p@h/d?${query}`)
      assert.deepEqual('tls' in target ? target.tls : undefined, tls)
    })
  }

  for (const [url, path] of [
    ['sqlite:////var/lib/glance/glance.sqlite', '/var/lib/glance/glance.sqlite'],
    ['sqlite:///glance.sqlite', 'glance.sqlite'],
    ['sqlite+pysqlite:////a/b.db?timeout=5', '/a/b.db'],
    ['sqlite:////srv/a@b.db', '/srv/a@b.db'],
    ['sqlite://', ':memory:'],
  ] as const) {
    it(`finds ${path} in ${url}`, () => {
      assert.deepEqual(parseDatabaseUrl(url), { engine: 'sqlite', path })
    })
  }

  it('gives back every user and password that was quoted', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' })
    fc.assert(
      fc.property(text, text, (user, password) => {
        const url = `mysql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@host/db`
        const target = parseDatabaseUrl(url)
        assert.deepEqual('user' in target && [target.user, target.password], [user, password])
      }),
    )
  })

  it('lets a password hold what only an @ would end', () => {
    const target = parseDatabaseUrl('mysql://u:a/b:c?d%x@h/d')
    assert.equal('password' in target && target.password, 'a/b:c?d%x')
  })

  for (const url of [
    'secret',
    'oracle://u:secret@h/d',
    'sqlite://secret/d',
    'mysql://u:secret@h',
    'mysql://u:se@secret@h/d',
    'mysql://u/secret@h/d',
    'mysql://u:secret@h:port/d',
    'mysql://u:secret%FF@h/d',
    'mysql://u:secret@h/d?connect_timeout=secret',
  ]) {
    it(`refuses ${url} without telling the secret in it`, () => {
      assert.throws(
        () => parseDatabaseUrl(url),
        (error) => hasCode(error, 'database_url_invalid') && !error.message.includes('secret'),
      )
    })
  }
})
