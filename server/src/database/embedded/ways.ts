/**
 * Under which user PostgreSQL runs. It refuses to be root, so when we are:
 *
 * 1. in a user namespace, where root bears the number of somebody else. The files stay root's, and
 *    nothing has to be readable by anyone else;
 * 2. where namespaces are forbidden, under a user id of its own, to whom the files are given.
 *
 * Everybody else runs it as they are.
 */
import { readFileSync } from 'node:fs'

export type Command = {
  readonly file: string
  readonly args: readonly string[]
  readonly user?: User
}

export type User = { readonly uid: number; readonly gid: number }

export type Way = {
  /** For messages. */
  readonly name: string
  /** Whose the files must be, as seen from here. */
  readonly owner: User
  /** Who makes the first files; they are handed to `owner` afterwards. */
  readonly founder: User
  /** How to run a program as `user`, who is the owner or the founder. */
  run(file: string, args: readonly string[], user: User): Command
}

/**
 * A number without a name: anything else that ran as `nobody` could read our files. Debian reserves it
 * and gives it to nobody, and it exists in containers that know no more than 65,536 users.
 */
export const ownUser: User = { uid: 65_432, gid: 65_432 }

/** The best first. */
export function waysToRun(): Way[] {
  const uid = process.getuid?.() ?? 0
  const gid = process.getgid?.() ?? 0
  return uid === 0 ? [inUserNamespace({ uid, gid }), asOwnUser()] : [directly({ uid, gid })]
}

function directly(self: User): Way {
  return {
    name: 'as this user',
    owner: self,
    founder: self,
    run: (file, args) => ({ file, args }),
  }
}

export function inUserNamespace(self: User): Way {
  const { uid, gid } = someUserWithAName()
  return {
    name: 'in a user namespace',
    owner: self,
    founder: self,
    run: (file, args) => ({
      file: 'unshare',
      args: ['--user', `--map-user=${uid}`, `--map-group=${gid}`, '--', file, ...args],
    }),
  }
}

export function asOwnUser(): Way {
  return {
    name: `as user ${ownUser.uid}`,
    owner: ownUser,
    founder: someUserWithAName(),
    run: (file, args, user) => ({ file, args, user }),
  }
}

/** initdb, unlike the server, insists on a name for its user. Any will do: `daemon`, on Debian. */
function someUserWithAName(): User {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [, , uid, gid] = line.split(':')
    if (Number(uid) > 0) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('PostgreSQL needs a user other than root to run, and /etc/passwd has none')
}
