import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLocalAddress } from './address-guard.ts'

for (const address of [
  '127.0.0.1',
  '127.8.9.1',
  '0.0.0.0',
  '169.254.169.254',
  '::1',
  '::',
  'fe80::1%eth0',
  '::ffff:127.0.0.1',
  '::ffff:169.254.169.254',
  'fd00:ec2::254',
  '64:ff9b::169.254.169.254',
]) {
  test(`${address} is a local address`, () => assert.ok(isLocalAddress(address)))
}

for (const address of ['10.0.0.1', '172.16.3.4', '192.168.1.1', '93.184.216.34', 'fd00::1', '2001:db8::1', 'name']) {
  test(`${address} is none`, () => assert.ok(!isLocalAddress(address)))
}
