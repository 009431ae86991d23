import { type Command, Option } from 'commander'
import { withClient } from '../context.ts'
import { renderFields } from '../format.ts'
import type { Image, ImageClient } from './client.ts'
import {
  type AttributeOptions,
  addAttributeOptions,
  addOutputOptions,
  attributesOf,
  type OutputOptions,
  shapeOf,
} from './options.ts'
import { describeSource, type Source } from './upload.ts'
import { imageFields } from './view.ts'

interface CreateOptions extends AttributeOptions, OutputOptions {
  readonly name?: string
  readonly id?: string
  readonly file?: string
  readonly progress: boolean
}

export function addCreateCommand(parent: Command): void {
  const command = parent.command('create').description('create an image and upload its data')
  command
    .argument('[name]', 'name of the image')
    .addOption(new Option('--name <name>', 'the same'))
    .option('--file <path>', 'file with the data of the image; - is standard input')
    .option('--id <id>', 'ID that the image is to have')
    .option('--no-progress', 'do not show how far the upload is')
  addOutputOptions(addAttributeOptions(command))
  command.action(async (argument: string | undefined, options: CreateOptions) => {
    const name = argument ?? options.name
    if (name === undefined) {
      return command.error("error: missing the image's name", { exitCode: 2, code: 'glimpse.missingName' })
    }
    const source = options.file === undefined ? undefined : await describeSource(options.file)
    const image = await withClient(command, (client) => create(client, { ...options, name, source }))
    process.stdout.write(renderFields(imageFields(image), shapeOf(options)))
  })
}

/** Creates the image; if its data cannot be uploaded it is taken away again. */
async function create(
  client: ImageClient,
  options: Omit<CreateOptions, 'name'> & { name: string; source: Source | undefined },
): Promise<Image> {
  const { source, name, id, tag } = options
  const created = await client.create({
    disk_format: source?.diskFormat ?? 'raw',
    container_format: 'bare',
    ...attributesOf(options),
    name,
    tags: tag,
    ...(id !== undefined && { id }),
  })
  if (!source) return created
  try {
    const body = source.open(options.progress ? process.stderr : undefined)
    await client.upload(created.id, body, { sizeBytes: source.sizeBytes })
  } catch (error) {
    // The failure of the upload is what the user must hear of, not one of clearing up after it.
    await client.delete(created.id, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined)
    throw error
  }
  return client.show(created.id)
}
