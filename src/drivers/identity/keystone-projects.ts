import type { ProjectDirectory } from '../../ports/projects.ts'
import { type ServiceAccount, serviceClient } from './service-client.ts'

/** Asks Keystone with the service's own account, which must be allowed to see projects (`identity:get_project`). */
export function keystoneProjects(options: ServiceAccount): ProjectDirectory {
  const client = serviceClient(options)
  return {
    knows: async (projectId) => (await client.get(`/projects/${encodeURIComponent(projectId)}`)) !== undefined,
    close: () => client.close(),
  }
}
