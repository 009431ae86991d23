import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Format, formats, type Shape } from '../format.ts'

export interface OutputOptions {
  readonly format: Format
  readonly column: string[]
}

export interface AttributeOptions {
  readonly diskFormat?: string
  readonly containerFormat?: string
  readonly minDisk?: number
  readonly minRam?: number
  readonly protected?: true
  readonly unprotected?: true
  readonly public?: true
  readonly private?: true
  readonly community?: true
  readonly shared?: true
  readonly property: Readonly<Record<string, string>>
  readonly tag: readonly string[]
  readonly project?: string
  readonly owner?: string
}

const visibilities = ['public', 'private', 'community', 'shared'] as const

/** `-f` and `-c` as in all commands of `openstack`. */
export function addOutputOptions(command: Command): Command {
  return command
    .addOption(new Option('-f, --format <format>', 'form of the output').choices(formats).default('table'))
    .addOption(repeated('-c, --column <name>', 'column to print'))
}

export function shapeOf(options: OutputOptions): Shape {
  return { format: options.format, columns: options.column }
}

/** The options of `create` and `set` that become attributes of the image. */
export function addAttributeOptions(command: Command): Command {
  addVisibilityOptions(command, (visibility) => `make the image ${visibility}`)
  return command
    .option('--disk-format <format>', 'disk format: raw, qcow2, iso, vhd, vhdx, vmdk, vdi, ploop, ami, ari, aki')
    .option('--container-format <format>', 'container format: bare, ovf, ova, docker, ami, ari, aki')
    .option('--min-disk <GB>', 'disk that a server needs for it, in GB', wholeNumber)
    .option('--min-ram <MB>', 'memory that a server needs for it, in MB', wholeNumber)
    .addOption(new Option('--protected', 'keep the image from being deleted').conflicts('unprotected'))
    .addOption(new Option('--unprotected', 'let the image be deleted'))
    .addOption(pairs('--property <key=value>', 'property of the image'))
    .addOption(repeated('--tag <tag>', 'tag of the image'))
    .option('--project <id>', 'ID of the project that the image belongs to')
    .addOption(new Option('--owner <id>', 'the same as --project').hideHelp())
}

export function addVisibilityOptions(command: Command, help: (visibility: string) => string): void {
  for (const name of visibilities) {
    const others = visibilities.filter((other) => other !== name)
    command.addOption(new Option(`--${name}`, help(name)).conflicts([...others]))
  }
}

export function visibilityOf(options: Partial<Record<(typeof visibilities)[number], true>>): string | undefined {
  return visibilities.find((name) => options[name])
}

/** Attributes by their names in the API; those not given are left out. */
export function attributesOf(options: AttributeOptions): Record<string, unknown> {
  const attributes = {
    ...options.property,
    disk_format: options.diskFormat,
    container_format: options.containerFormat,
    min_disk: options.minDisk,
    min_ram: options.minRam,
    visibility: visibilityOf(options),
    protected: options.protected ? true : options.unprotected ? false : undefined,
    owner: options.project ?? options.owner,
  }
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
}

/** An option that may be given several times; its value is a list. */
export function repeated(flags: string, help: string): Option {
  const collect = (value: string, previous: readonly string[]) => [...previous, value]
  return new Option(flags, `${help}; repeat for more`).argParser(collect).default([], 'none')
}

/** An option `key=value` that may be given several times; its value is an object. */
export function pairs(flags: string, help: string): Option {
  return new Option(flags, `${help}; repeat for more`).argParser(collectPair).default({}, 'none')
}

function collectPair(value: string, previous: Readonly<Record<string, string>>): Record<string, string> {
  const at = value.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It has the form key=value.')
  return { ...previous, [value.slice(0, at)]: value.slice(at + 1) }
}

export function wholeNumber(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new InvalidArgumentError('It is a whole number.')
  return Number(value)
}
