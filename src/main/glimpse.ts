import { Command } from 'commander'
export async function main(argv: string[]): Promise<number> {
  const program = new Command('glimpse')
  await program.parseAsync(argv, { from: 'user' })
  return 0
}
