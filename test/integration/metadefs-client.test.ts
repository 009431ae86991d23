import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { run } from '../peers/processes.ts'
import { fileStoreSections, keystoneSections, mergeSections } from '../support/config-file.ts'
import { peers } from '../support/peers.ts'
import { type Service, startGlimpse } from '../support/service.ts'

/** Runs Debian's `glance` with each list of arguments, one after the other, in one process. */
const driver = `
import contextlib, io, json, sys
from glanceclient import shell
results = []
for arguments in json.loads(sys.argv[1]):
    out, err, status = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            shell.OpenStackImagesShell().main(arguments)
        except SystemExit as end:
            status = end.code or 0
        except Exception as error:
            status, _ = 1, err.write(str(error))
    results.append({'status': status, 'out': out.getvalue(), 'err': err.getvalue()})
json.dump(results, sys.stdout)
`

interface Result {
  readonly status: number
  readonly out: string
  readonly err: string
}

/** The cells of a table as the client draws it, without its head. */
function rowsOf({ out }: Result): string[][] {
  return out
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(1)
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
}

describe("the md-* commands of Debian's glance client", () => {
  let directory: string
  let service: Service
  let environment: NodeJS.ProcessEnv

  before(async () => {
    const { keystone, memcached } = await peers('keystone', 'memcached')
    directory = await mkdtemp(join(tmpdir(), 'glimpse-md-client-'))
    service = await startGlimpse({
      directory,
      config: mergeSections(keystoneSections(keystone, memcached), fileStoreSections(join(directory, 'images')), {
        database: { connection: `sqlite:///${join(directory, 'glance.sqlite')}` },
      }),
    })
    const administrator = await keystone.createUser({ roles: ['admin', 'member', 'reader'] })
    // With a token and an address the client asks Keystone nothing.
    environment = { OS_AUTH_TOKEN: await administrator.token(), OS_IMAGE_URL: service.url }
  })

  after(async () => {
    await service?.stop()
    await rm(directory, { recursive: true, force: true })
  })

  const glance = async (commands: readonly (readonly string[])[]): Promise<Result[]> => {
    // It keeps the schemas that it has seen in its home, and stumbles over that of images when it starts again.
    const home = await mkdtemp(join(directory, 'home-'))
    const output = await run(['/usr/bin/python3', '-c', driver, JSON.stringify(commands)], {
      env: { ...environment, HOME: home },
    })
    return JSON.parse(output) as Result[]
  }

  it('make, show, change and remove everything', async () => {
    const file = join(directory, 'namespace.json')
    const schema = JSON.stringify({ type: 'string', title: 'Property' })
    await writeFile(
      file,
      JSON.stringify({
        namespace: 'Imported',
        visibility: 'public',
        properties: { colour: { type: 'string', title: 'Colour', enum: ['red', 'blue'] } },
        objects: [{ name: 'thing', properties: { size: { type: 'integer', title: 'Size', minimum: 1 } } }],
        tags: [{ name: 'loaded' }],
        resource_type_associations: [{ name: 'OS::Glance::Image', prefix: 'i_' }],
      }),
    )
    const story: readonly (readonly [command: string, shows: RegExp | null])[] = [
      ['md-namespace-create Made --display-name Nice --visibility private', /display_name +\| Nice/],
      [`md-namespace-import --file ${file}`, /visibility +\| public/],
      ['md-namespace-list', /Imported/],
      ['md-namespace-show Imported --resource-type OS::Glance::Image', /i_colour/],
      ['md-namespace-update Made --namespace Made --display-name Nicer', /display_name +\| Nicer/],
      ['md-resource-type-associate Made --name OS::Nova::Server --prefix n_', /prefix +\| n_/],
      ['md-resource-type-list', /OS::Nova::Server/],
      ['md-namespace-resource-type-list Made', /OS::Nova::Server/],
      [`md-property-create Made --name p --title P --schema ${schema}`, /title +\| Property/],
      ['md-property-list Made', /\| p +\| +P/],
      ['md-property-show Made p', /type +\| string/],
      [`md-property-update Made p --name q --title Q --schema ${schema}`, /name +\| q/],
      [`md-object-create Made --name o --schema {"properties":{"s":${schema}}}`, /name +\| o/],
      ['md-object-list Made', /\| o +\|/],
      ['md-object-show Made o', /properties/],
      ['md-object-property-show Made o s', /title +\| Property/],
      ['md-object-update Made o --name o2 --schema {"properties":{}}', /name +\| o2/],
      ['md-tag-create Made --name one', /name +\| one/],
      ['md-tag-create-multiple Made --names two,three --delim ,', /\btwo\b/],
      ['md-tag-list Made', /three/],
      ['md-tag-show Made two', /name +\| two/],
      ['md-tag-update Made two --name five', /name +\| five/],
      ['md-tag-delete Made five', null],
      ['md-property-delete Made q', null],
      ['md-object-delete Made o2', null],
      ['md-resource-type-deassociate Made OS::Nova::Server', null],
      ['md-namespace-tags-delete Made', null],
      ['md-namespace-properties-delete Imported', null],
      ['md-namespace-objects-delete Imported', null],
      ['md-namespace-delete Made', null],
    ]
    const results = await glance(story.map(([command]) => command.split(' ')))
    for (const [index, [command, shows]] of story.entries()) {
      const { status, out, err } = results[index] as Result
      assert.equal(status, 0, `${command}: ${err}`)
      if (shows) assert.match(out, shows, command)
    }
    const [list, show, gone] = await glance([
      ['md-namespace-list'],
      ['md-namespace-show', 'Imported'],
      ['md-namespace-show', 'Made'],
    ])
    assert.equal(list?.status, 0, String(list?.err))
    assert.deepEqual(
      rowsOf(list as Result).map(([name]) => name),
      ['Imported'],
    )
    const shown = new Map(rowsOf(show as Result).map(([name = '', value]) => [name, value]))
    assert.equal(shown.get('tags'), '["loaded"]')
    assert.equal(shown.has('properties') || shown.has('objects'), false)
    assert.equal(gone?.status, 1)
    assert.match(gone?.err ?? '', /404/)
  })
})
