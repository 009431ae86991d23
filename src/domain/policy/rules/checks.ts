const projectMember = 'role:member and project_id:%(project_id)s'
const projectReader = 'role:reader and project_id:%(project_id)s'
const imageMember = 'project_id:%(member_id)s'
const isPublic = "'public':%(visibility)s"
const whoSees = `(project_id:%(project_id)s or ${imageMember} or 'community':%(visibility)s or ${isPublic} or 'shared':%(visibility)s)`

/*
 * The check strings that the rules are made of. `shared` in `...WhoSees` grants nothing by itself: an image that is shared
 * with others than the caller is not found before rules are asked.
 * @see glance `glance/policies/base.py`
 */

export const admin = 'rule:context_is_admin'
export const service = 'rule:service_api'
export const byDefault = 'rule:default'
export const adminOrService = `${admin} or ${service}`
export const adminOrProjectMember = `${admin} or (${projectMember})`
export const adminOrProjectReader = `${admin} or (${projectReader})`
export const adminOrReaderWhoSees = `${admin} or (role:reader and ${whoSees})`
export const adminOrMemberWhoSees = `${admin} or (role:member and ${whoSees})`
export const adminOrReaderOfNamespace = `${admin} or (role:reader and (project_id:%(project_id)s or ${isPublic}))`
export const adminOrOwner = `${admin} or (${projectMember} and project_id:%(owner)s)`
export const serviceOrOwner = `${service} or (${projectMember} and project_id:%(owner)s)`
export const adminOrImageMember = `${admin} or (role:member and ${imageMember})`
export const adminOrReaderOrImageMember = `${admin} or role:reader and (project_id:%(project_id)s or ${imageMember})`
