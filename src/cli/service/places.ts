import { join, resolve } from 'node:path'

/** Where the service that `glimpse up` starts keeps what it has. */
export interface Places {
  readonly dataDir: string
  readonly configFile: string
  /** Further configuration files; that it is named keeps those of /etc/glance out. */
  readonly configDir: string
  readonly databaseFile: string
  readonly imagesDir: string
  /** Where data waits for its import. */
  readonly stagingDir: string
  readonly logFile: string
  readonly pidFile: string
}

/** The folder asked for, or `glimpse` where the user's programs keep their data. @see XDG Base Directory Specification */
export function findPlaces(options: { data: string | undefined; env: NodeJS.ProcessEnv; home: string }): Places {
  const { data, env, home } = options
  const dataDir = resolve(data ?? join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'glimpse'))
  const within = (name: string) => join(dataDir, name)
  return {
    dataDir,
    configFile: within('glimpse.conf'),
    configDir: within('glimpse.conf.d'),
    databaseFile: within('glimpse.sqlite'),
    imagesDir: within('images'),
    stagingDir: within('staging'),
    logFile: within('glance-api.log'),
    pidFile: within('glimpse.pid'),
  }
}
