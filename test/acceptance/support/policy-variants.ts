import { run } from '../../peers/processes.ts'

/** Policy files that take the place of the built-in rules. */
export interface PolicyVariant {
  readonly name: string
  /** Content of the file that `policy_file` names; without one there is no such file. */
  readonly file?: string
  /** Files in the folder that `policy_dirs` names, by name. */
  readonly folder?: Readonly<Record<string, string>>
}

type Rules = Readonly<Record<string, string | readonly (readonly string[])[]>>

/** The reference's sample policy, with every rule as a comment. */
function samplePolicy(): Promise<string> {
  return run(['/usr/bin/oslopolicy-sample-generator', '--namespace', 'glance'])
}

const ruleLine = /^#("([\w:]+)": ".*")$/gm

/** Takes every rule of the sample out of its comment, and gives some another check. */
function enable(sample: string, changes: Rules = {}): string {
  const left = new Set(Object.keys(changes))
  const text = sample.replaceAll(ruleLine, (_, line: string, name: string) =>
    left.delete(name) ? write(name, changes) : line,
  )
  return [text, ...[...left].map((name) => write(name, changes))].join('\n')
}

/** Gives some rules of the sample another check and leaves the others as comments. */
function change(sample: string, changes: Rules): string {
  return sample.replaceAll(ruleLine, (whole: string, _: string, name: string) =>
    changes[name] === undefined ? whole : write(name, changes),
  )
}

function write(name: string, rules: Rules): string {
  return `${JSON.stringify(name)}: ${JSON.stringify(rules[name])}`
}

/** Changed forms of the reference's own sample; `checkUrl` answers `http:` checks. */
export async function policyVariants(checkUrl: string): Promise<PolicyVariant[]> {
  const sample = await samplePolicy()
  return [
    { name: 'every rule of the sample', file: enable(sample) },
    {
      name: 'rules that deny or allow everybody',
      file: change(sample, {
        ...{ delete_image: '!', get_members: '!', download_image: '!', communitize_image: '!', get_image: '@' },
        ...{ publicize_image: '@', add_member: '@', deactivate: '', tasks_api_access: '@', stores_info_detail: '@' },
      }),
    },
    {
      name: 'rules by role',
      file: enable(sample, {
        add_image: 'role:auditor or role:member',
        get_images: 'role:auditor or role:admin',
        get_image: 'role:auditor or (role:reader and not role:member)',
        modify_image: 'role:READER',
        upload_image: 'not role:auditor',
        deactivate: 'role:reader and role:member',
        delete_image: 'not (role:admin or role:auditor)',
        add_member: 'role:nonsense',
      }),
    },
    {
      name: 'rules by owner and by state',
      file: enable(sample, {
        get_image: 'project_id:%(owner)s',
        download_image: "project_id:%(owner)s or 'public':%(visibility)s",
        modify_image: "project_id:%(project_id)s and 'active':%(status)s",
        delete_image: "is_admin:True or (user_id:%(user_id)s and 'private':%(visibility)s)",
        communitize_image: "False:%(protected)s or 'shared':%(visibility)s",
        publicize_image: "'raw':%(disk_format)s and tenant:%(owner)s",
        get_members: 'project_id:%(member_id)s',
        upload_image: 'tenant_id:%(owner)s or project_id:%(tenant)s',
      }),
    },
    {
      name: 'rules that refer to others',
      file: enable(sample, {
        ...{ ours: 'project_id:%(project_id)s', staff: 'role:auditor or rule:context_is_admin' },
        ...{ context_is_admin: 'role:auditor', get_image: 'rule:ours or rule:staff', delete_image: 'rule:staff' },
        ...{ get_images: 'rule:nowhere', modify_image: '(rule:ours and role:member) or not rule:ours' },
        ...{ add_image: 'rule:default', default: 'role:member', download_image: 'rule:download_image_of_ours' },
      }),
    },
    {
      name: 'lists, written as JSON',
      file: JSON.stringify({
        get_image: [['role:admin'], ['role:reader', 'project_id:%(project_id)s']],
        get_images: [],
        delete_image: [['role:admin', 'role:auditor']],
        modify_image: [['project_id:%(owner)s']],
        download_image: ['role:auditor', ['role:member', 'project_id:%(project_id)s']],
        add_member: [['!']],
        publicize_image: [['@']],
      }),
    },
    {
      name: 'old files, in which one rule stands for those that are missing',
      file: JSON.stringify({
        ...{ context_is_admin: 'role:admin', default: 'role:admin', get_images: '', get_image: '' },
        ...{ publicize_image: 'role:admin', download_image: '', tasks_api_access: 'role:admin' },
      }),
    },
    {
      // Not about an image: there the reference fails with 500.
      name: 'an http: check',
      file: enable(sample, {
        get_images: `${checkUrl}/images`,
        add_image: `${checkUrl}/refused or role:member`,
        tasks_api_access: `not ${checkUrl}/images or role:auditor`,
      }),
    },
    {
      name: 'a folder over the file',
      file: change(sample, { get_image: '!', delete_image: '!', add_image: 'role:auditor or role:member' }),
      folder: {
        '10-first.yaml': change(sample, { get_image: '@', delete_image: 'role:auditor' }),
        '20-second.yaml': change(sample, { delete_image: 'role:admin', get_members: '@' }),
        '30-third.json': JSON.stringify({ modify_image: 'role:admin' }),
      },
    },
    {
      name: 'a folder alone',
      folder: { 'rules.yaml': change(sample, { get_images: '!', get_image: 'role:auditor' }) },
    },
  ]
}
