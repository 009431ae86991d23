import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { resolveSettings, type SettingsSource } from './settings.ts'

const twoClouds = `
clouds:
  prod:
    auth: {auth_url: 'https://prod:5000/v3', username: ann, project_name: web}
    region_name: north
    verify: false
  lab:
    auth: {auth_url: 'https://lab:5000/v3', application_credential_id: abc}
    auth_type: v3applicationcredential
`

async function folders(t: TestContext, files: Record<string, string>): Promise<SettingsSource> {
  const root = await mkdtemp(join(tmpdir(), 'glimpse-settings-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  await mkdir(join(root, 'cwd'))
  await mkdir(join(root, 'home/.config/openstack'), { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, name), text)
  return { cwd: join(root, 'cwd'), home: join(root, 'home'), env: {}, flags: {} }
}

describe('settings of the client', () => {
  test('are those of a service on this machine when nothing is configured', async (t) => {
    const settings = await resolveSettings(await folders(t, {}))
    assert.equal(settings.authType, 'none')
    assert.equal(settings.verify, true)
  })

  test('come from the cloud that is named, with the secrets beside it', async (t) => {
    const source = await folders(t, {
      'home/.config/openstack/clouds.yaml': twoClouds,
      'home/.config/openstack/secure.yaml': 'clouds: {prod: {auth: {password: s3cret}}}',
    })
    const settings = await resolveSettings({ ...source, env: { OS_CLOUD: 'prod' } })
    assert.equal(settings.authType, 'password')
    assert.equal(settings.auth_url, 'https://prod:5000/v3')
    assert.equal(settings.password, 's3cret')
    assert.equal(settings.region_name, 'north')
    assert.equal(settings.verify, false)
  })

  test('take the clouds.yaml of the working directory before that of the user', async (t) => {
    const source = await folders(t, {
      'cwd/clouds.yaml': "clouds: {prod: {auth: {auth_url: 'http://here'}}}",
      'home/.config/openstack/clouds.yaml': twoClouds,
    })
    assert.equal((await resolveSettings({ ...source, cloud: 'prod' })).auth_url, 'http://here')
  })

  test('take the only cloud there is, but not when the environment says where to go', async (t) => {
    const source = await folders(t, { 'cwd/clouds.yaml': "clouds: {one: {auth: {auth_url: 'http://one'}}}" })
    assert.equal((await resolveSettings(source)).auth_url, 'http://one')
    const other = await resolveSettings({ ...source, env: { OS_ENDPOINT: 'http://127.0.0.1:9293' } })
    assert.equal(other.auth_url, undefined)
    assert.equal(other.authType, 'none')
  })

  test('let flags win over variables, and variables over the cloud', async (t) => {
    const source = await folders(t, { 'cwd/clouds.yaml': twoClouds })
    const env = { OS_CLOUD: 'prod', OS_USERNAME: 'bob', OS_REGION_NAME: 'south' }
    const settings = await resolveSettings({ ...source, env, flags: { region_name: 'west' } })
    assert.equal(settings.username, 'bob')
    assert.equal(settings.region_name, 'west')
    assert.equal(settings.project_name, 'web')
  })

  test('know an application credential, a token and a fixed endpoint without being told the type', async (t) => {
    const source = await folders(t, {})
    const typeFor = async (env: Record<string, string>) => (await resolveSettings({ ...source, env })).authType
    assert.equal(
      await typeFor({ OS_AUTH_URL: 'http://k', OS_APPLICATION_CREDENTIAL_SECRET: 'x' }),
      'application_credential',
    )
    assert.equal(await typeFor({ OS_AUTH_URL: 'http://k', OS_TOKEN: 'x' }), 'token')
    assert.equal(await typeFor({ OS_ENDPOINT: 'http://g', OS_TOKEN: 'x' }), 'token_endpoint')
  })

  test('name the clouds there are when the one asked for is missing', async (t) => {
    const source = await folders(t, { 'cwd/clouds.yaml': twoClouds })
    await assert.rejects(resolveSettings({ ...source, cloud: 'nope' }), /no cloud nope.*prod, lab/)
  })

  test('do not quote a file that is no YAML, since it may hold a password', async (t) => {
    const source = await folders(t, { 'cwd/clouds.yaml': 'clouds:\n  a: {auth: {password: hunter2\n b: ]' })
    await assert.rejects(resolveSettings(source), (error: Error) => {
      assert.match(error.message, /clouds\.yaml is no valid YAML/)
      assert.doesNotMatch(error.message, /hunter2/)
      return true
    })
  })
})
