import { randomUUID } from 'node:crypto'
import type { KeystonePeer, TestUser } from '../../support/keystone.ts'

/** Who sends a request; `none` sends no token, `invalid` one that Keystone has never given, `revoked` one it took back. */
export const personaNames = [
  'admin',
  'member',
  'colleague',
  'reader',
  'other',
  'stranger',
  'lister',
  'service',
  'auditor',
  'system',
  'domain',
  'unscoped',
  'none',
  'invalid',
  'revoked',
] as const

export type PersonaName = (typeof personaNames)[number]

export interface Persona {
  readonly token: string | undefined
  readonly projectId: string
}

export type Personas = Readonly<Record<PersonaName, Persona>>

/** Puts the ids of projects in the place of `{project:PERSONA}`. */
export function fillProjects(text: string, personas: Personas): string {
  return text.replaceAll(/\{project:(\w+)\}/g, (_, name: string) => personas[name as PersonaName].projectId)
}

/**
 * Makes the users in Keystone. `member`, `colleague` and `reader` share a project (the reader has that role alone);
 * `other`, `stranger` and `lister` have one each, as have `service` and `auditor`, whose role no policy knows. `system`
 * and `domain` are administrators of more than a project, `unscoped` one whose token is for nothing.
 */
export async function makePersonas(keystone: KeystonePeer): Promise<Personas> {
  const persona = async (user: TestUser): Promise<Persona> => ({
    token: await user.token(),
    projectId: user.projectId,
  })
  const projects = await makeProjects(keystone)
  const member = await keystone.createUser({ roles: ['member', 'reader'], project: projects.member })
  const others = await Promise.all([
    keystone.createUser({ roles: ['admin', 'member', 'reader'], project: projects.admin }),
    keystone.createUser({ roles: ['member', 'reader'], project: member.project }),
    keystone.createUser({ roles: ['reader'], project: member.project }),
    keystone.createUser({ roles: ['member', 'reader'], project: projects.other }),
    keystone.createUser({ roles: ['member', 'reader'], project: projects.stranger }),
    keystone.createUser({ roles: ['member', 'reader'], project: projects.lister }),
  ])
  // Keystone revokes by time in whole seconds per user, so the revoked token has a user of its own.
  const leaver = await keystone.createUser({ roles: ['member', 'reader'], project: member.project })
  const revoked = await persona(leaver)
  await keystone.revoke(revoked.token as string)
  const [admin, colleague, reader, other, stranger, lister] = (await Promise.all(others.map(persona))) as [
    Persona,
    Persona,
    Persona,
    Persona,
    Persona,
    Persona,
  ]
  await keystone.ensureRole('auditor')
  const [service, auditor, ruler] = (await Promise.all([
    keystone.createUser({ roles: ['service'], project: projects.service }),
    keystone.createUser({ roles: ['auditor'], project: projects.auditor }),
    keystone.createUser({ roles: ['admin', 'member', 'reader'], project: projects.system }),
  ])) as [TestUser, TestUser, TestUser]
  await keystone.grant(ruler, { role: 'admin', on: 'system' })
  await keystone.grant(ruler, { role: 'admin', on: 'domain' })
  const { projectId } = ruler
  return {
    service: await persona(service),
    auditor: await persona(auditor),
    system: { token: await ruler.token('system'), projectId },
    domain: { token: await ruler.token('domain'), projectId },
    unscoped: { token: await ruler.token('nothing'), projectId },
    ...{ admin, colleague, reader, other, stranger, lister, revoked },
    member: await persona(member),
    none: { token: undefined, projectId: member.projectId },
    invalid: { token: 'gAAAAABinvalid', projectId: member.projectId },
  }
}

const owners = ['admin', 'auditor', 'lister', 'member', 'other', 'service', 'stranger', 'system'] as const

/** A project for each of them, by name. The IDs ascend in this order, so that what is sorted by owner is alike in all runs. */
async function makeProjects(keystone: KeystonePeer): Promise<Record<(typeof owners)[number], string>> {
  const made = await Promise.all(
    owners.map(() =>
      keystone.request<{ project: { id: string; name: string } }>('POST', '/projects', {
        project: { name: `project-${randomUUID()}` },
      }),
    ),
  )
  const inOrder = made.map(({ project }) => project).sort((a, b) => (a.id < b.id ? -1 : 1))
  const named = owners.map((owner, index) => [owner, inOrder[index]?.name])
  return Object.fromEntries(named) as Record<(typeof owners)[number], string>
}
