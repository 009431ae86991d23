import { type Command, InvalidArgumentError } from 'commander'
import { withClient } from '../context.ts'
import { renderFields } from '../format.ts'
import { reason } from '../http.ts'
import { addOutputOptions, type OutputOptions, shapeOf } from './options.ts'
import { saveImage, streamImage } from './save.ts'
import { imageFields } from './view.ts'

export function addShowCommand(parent: Command): void {
  const command = parent.command('show').description('show one image').argument('<image>', 'name or ID', notEmpty)
  addOutputOptions(command).action(async (image: string, options: OutputOptions) => {
    const found = await withClient(command, (client) => client.find(image))
    process.stdout.write(renderFields(imageFields(found), shapeOf(options)))
  })
}

export function addSaveCommand(parent: Command): void {
  const command = parent.command('save').description('save the data of an image; a broken download is resumed')
  command
    .argument('<image>', 'name or ID', notEmpty)
    .option('--file <path>', 'file to save to; standard output if not given')
    .option('--no-progress', 'do not show how far the download is')
    .action(async (name: string, options: { file?: string; progress: boolean }) => {
      const { file } = options
      if (file === undefined && process.stdout.isTTY) throw new Error('The data would go to the terminal; give --file.')
      const verified = await withClient(command, async (client, signal) => {
        const image = await client.find(name)
        if (file === undefined) return streamImage(client, image, { output: process.stdout })
        return saveImage(client, image, { path: file, signal, progress: options.progress ? process.stderr : undefined })
      })
      if (!verified)
        process.stderr.write(`The service has no digest of image ${name}: the data could not be checked.\n`)
    })
}

export function addDeleteCommand(parent: Command): void {
  const command = parent.command('delete').description('delete images').argument('<image...>', 'names or IDs')
  command.action(async (names: string[]) => {
    await withClient(command, async (client) => {
      const failures: string[] = []
      for (const name of names) {
        try {
          await client.delete((await client.find(notEmpty(name))).id)
        } catch (error) {
          failures.push(`${name}: ${reason(error)}`)
        }
      }
      if (failures.length === 0) return
      const only = names.length === 1 ? '' : `${failures.length} of ${names.length} images were not deleted. `
      throw new Error(only + failures.join(' '))
    })
  })
}

/** An empty name, from a variable that is not set, must not match the images that have none. */
function notEmpty(name: string): string {
  if (name === '') throw new InvalidArgumentError('It is empty.')
  return name
}
