import { type Command, Option } from 'commander'
import { withClient } from '../context.ts'
import { renderList } from '../format.ts'
import type { Image, ImageClient } from './client.ts'
import {
  addOutputOptions,
  addVisibilityOptions,
  type OutputOptions,
  pairs,
  repeated,
  shapeOf,
  visibilityOf,
  wholeNumber,
} from './options.ts'
import { imageRows } from './view.ts'

interface ListOptions extends OutputOptions {
  readonly public?: true
  readonly private?: true
  readonly community?: true
  readonly shared?: true
  readonly all?: true
  readonly property: Readonly<Record<string, string>>
  readonly name?: string
  readonly status?: string
  readonly memberStatus?: string
  readonly project?: string
  readonly tag: readonly string[]
  readonly hidden?: true
  readonly long?: true
  readonly sort: string
  readonly limit?: number
  readonly marker?: string
}

export function addListCommand(parent: Command): void {
  const command = parent.command('list').description('list images')
  addVisibilityOptions(command, (visibility) => `only ${visibility} images`)
  command
    .addOption(
      new Option('--all', 'images of every visibility').conflicts(['public', 'private', 'community', 'shared']),
    )
    .option('--name <name>', 'only images of that name')
    .option('--status <status>', 'only images in that status')
    .addOption(pairs('--property <key=value>', 'only images with that property'))
    .addOption(repeated('--tag <tag>', 'only images with that tag'))
    .option('--member-status <status>', 'only shared images in that state: accepted, pending, rejected or all')
    .option('--project <id>', 'only images of that project')
    .option('--hidden', 'only hidden images')
    .option('--long', 'more columns')
    .option('--sort <key[:direction],...>', 'order of the images', 'name:asc')
    .option('--limit <number>', 'most images to list', wholeNumber)
    .option('--marker <image>', 'list what follows that image (name or ID)')
  addOutputOptions(command).action(async (options: ListOptions) => {
    const images = await withClient(command, (client) => list(client, options))
    const { names, rows } = imageRows(images, { long: options.long ?? false })
    process.stdout.write(renderList(names, rows, shapeOf(options)))
  })
}

async function list(client: ImageClient, options: ListOptions): Promise<Image[]> {
  const query = new URLSearchParams(options.property)
  const filters = {
    sort: options.sort,
    visibility: options.all ? 'all' : visibilityOf(options),
    name: options.name,
    status: options.status,
    member_status: options.memberStatus,
    owner: options.project,
    os_hidden: options.hidden && 'true',
    marker: options.marker && (await client.find(options.marker)).id,
  }
  for (const [key, value] of Object.entries(filters)) if (value !== undefined) query.set(key, value)
  for (const tag of options.tag) query.append('tag', tag)
  return Array.fromAsync(client.list(query, { limit: options.limit ?? Number.POSITIVE_INFINITY }))
}
