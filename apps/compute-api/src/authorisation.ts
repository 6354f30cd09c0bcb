import { commonProblem, hasRole, type Role, type UserCaller } from '@patchpanel/service-kit';

/** What a caller is about to do with what is looked up. */
export type Action = 'read' | 'change' | 'operate';

/** The role that each action takes; the document demands the same of its operations. */
const roleOf: Readonly<Record<Action, Role>> = { read: 'reader', change: 'member', operate: 'admin' };

/** Throws `forbidden` (403) unless the caller may do such a thing at all. Whose things it is about is the look-up's matter. */
export function authorise(caller: UserCaller, action: Action): void {
  if (hasRole(caller, roleOf[action])) return;
  throw commonProblem('forbidden', `This takes the role ${roleOf[action]}.`);
}
