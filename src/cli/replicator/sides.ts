import { type OpenedClient, openClient } from '../context.ts'
import { resolveSettings, type SettingsSource } from '../settings.ts'
import { parsePlace } from './address.ts'

/**
 * Opens a client of the service that the argument names: with the token if there is one, else with the credentials of the
 * command line and the environment. A cloud has its own, and its address from its catalog.
 */
export async function openSide(
  place: string,
  { source, token, signal }: { source: SettingsSource; token: string; signal: AbortSignal },
): Promise<OpenedClient> {
  const parsed = parsePlace(place)
  if ('cloud' in parsed) {
    const env = Object.fromEntries(Object.entries(source.env).filter(([name]) => !/^OS_(?!CLIENT_)/.test(name)))
    return openClient(await resolveSettings({ ...source, flags: {}, env, cloud: parsed.cloud }), signal)
  }
  const { endpoint } = parsed
  const flags = {
    ...source.flags,
    ...{ endpoint, image_endpoint_override: endpoint },
    ...(token && { token, auth_type: 'token_endpoint' }),
  }
  return openClient(await resolveSettings({ ...source, flags }), signal)
}
