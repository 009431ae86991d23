import { installPackages, missingPackages } from './packages.ts'
import { type PeerName, peerNames, readState, runs, statePath } from './state.ts'
import { down, up } from './up.ts'

const usage = `node test/peers/cli.ts install | up [${peerNames.join('|')}]... | down | status

install  installs the Debian packages that are missing (apt-get, through sudo unless root)
up       starts the named peers, or those that most tests need, on free ports; data and logs lie beside the state file
down     stops what up has started and removes its data
status   tells what runs; the state file is ${statePath()}`

async function main([command, ...names]: readonly string[]): Promise<void> {
  const log = (line: string) => console.log(line)
  if (command === 'install') {
    installPackages(log)
    log('all packages are installed')
  } else if (command === 'up') {
    const unknown = names.find((name) => !peerNames.includes(name as PeerName))
    if (unknown !== undefined) throw new Error(`no peer is called ${unknown}; there are ${peerNames.join(', ')}`)
    const missing = missingPackages()
    if (missing.length > 0) log(`not installed: ${missing.join(' ')} (node test/peers/cli.ts install)`)
    await up(names.length > 0 ? (names as PeerName[]) : undefined, log)
    await status(log)
  } else if (command === 'down') {
    await down()
  } else if (command === 'status') {
    await status(log)
  } else {
    throw new Error(usage)
  }
}

async function status(log: (line: string) => void): Promise<void> {
  const state = await readState()
  for (const name of peerNames) {
    const peer = state[name]
    log(`${name}: ${runs(peer) ? `${peer.host}:${peer.port}, pid ${peer.process.pid}` : 'down'}`)
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
