import { type Command, Option } from 'commander'
import { withClient } from '../context.ts'
import { type Image, type PatchOperation, pointer, setOperations } from './client.ts'
import { type AttributeOptions, addAttributeOptions, attributesOf, repeated } from './options.ts'

interface SetOptions extends AttributeOptions {
  readonly name?: string
  readonly hidden?: true
  readonly unhidden?: true
  readonly activate?: true
  readonly deactivate?: true
}

export function addSetCommand(parent: Command): void {
  const command = parent.command('set').description('change an image').argument('<image>', 'name or ID')
  addAttributeOptions(command)
    .option('--name <name>', 'new name of the image')
    .addOption(new Option('--hidden', 'leave the image out of lists').conflicts('unhidden'))
    .addOption(new Option('--unhidden', 'have the image in lists'))
    .addOption(new Option('--deactivate', 'refuse the data of the image to users').conflicts('activate'))
    .addOption(new Option('--activate', 'give the data of the image again'))
  command.action(async (name: string, options: SetOptions) => {
    await withClient(command, async (client) => {
      const image = await client.find(name)
      const operations = changes(image, options)
      if (operations.length > 0) await client.update(image.id, operations)
      if (options.deactivate) await client.act(image.id, 'deactivate')
      if (options.activate) await client.act(image.id, 'reactivate')
    })
  })
}

export function addUnsetCommand(parent: Command): void {
  const command = parent.command('unset').description('take tags and properties from an image')
  command
    .argument('<image>', 'name or ID')
    .addOption(repeated('--tag <tag>', 'tag to take away'))
    .addOption(repeated('--property <key>', 'property to take away'))
    .action(async (name: string, options: { tag: string[]; property: string[] }) => {
      await withClient(command, async (client) => {
        const image = await client.find(name)
        const operations = removals(image, options)
        if (operations.length > 0) await client.update(image.id, operations)
      })
    })
}

function changes(image: Image, options: SetOptions): PatchOperation[] {
  const values: Record<string, unknown> = { ...attributesOf(options) }
  if (options.name !== undefined) values.name = options.name
  if (options.hidden || options.unhidden) values.os_hidden = options.hidden === true
  if (options.tag.length > 0) values.tags = [...new Set([...image.tags, ...options.tag])]
  return setOperations(image, values)
}

function removals(
  image: Image,
  { tag, property }: { tag: readonly string[]; property: readonly string[] },
): PatchOperation[] {
  const missing = [
    ...tag.filter((name) => !image.tags.includes(name)),
    ...property.filter((key) => !Object.hasOwn(image, key)),
  ]
  if (missing.length > 0) throw new Error(`Image ${image.id} has no ${missing.join(', ')}.`)
  const kept = image.tags.filter((name) => !tag.includes(name))
  const tags: PatchOperation[] = tag.length > 0 ? [{ op: 'replace', path: '/tags', value: kept }] : []
  return [...tags, ...property.map((key): PatchOperation => ({ op: 'remove', path: pointer(key) }))]
}
