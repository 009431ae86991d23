import type { Command } from 'commander'
import { addCreateCommand } from './create.ts'
import { addListCommand } from './list.ts'
import { addDeleteCommand, addSaveCommand, addShowCommand } from './one.ts'
import { addSetCommand, addUnsetCommand } from './set.ts'

/** Adds `image` and its commands, with the names and options that `openstack image` has. */
export function addImageCommands(program: Command): void {
  const image = program.command('image').description('create, show, save and delete images')
  addCreateCommand(image)
  addListCommand(image)
  addShowCommand(image)
  addSaveCommand(image)
  addSetCommand(image)
  addUnsetCommand(image)
  addDeleteCommand(image)
}
