import { commonProblem, hasRole, type EventFilter, type UserCaller } from '@patchpanel/service-kit';
import { invalidRequest } from '../problems.ts';

/** Which events a caller asks for. */
export interface EventSelection {
  readonly resourceType?: readonly string[] | undefined;
  readonly resourceId?: readonly string[] | undefined;
  readonly projectId?: string | undefined;
  readonly allProjects?: boolean | undefined;
}

/** What the caller gets to read: their project's events; those of another, or of all, only operators. */
export function selectEvents(caller: UserCaller, selection: EventSelection): EventFilter {
  const { resourceType, resourceId, projectId = caller.projectId, allProjects = false } = selection;
  if (allProjects && selection.projectId !== undefined) {
    throw invalidRequest([{ pointer: '/query/projectId', detail: 'goes without allProjects' }]);
  }
  if ((allProjects || projectId !== caller.projectId) && !hasRole(caller, 'admin')) {
    throw commonProblem('forbidden', "Reading other projects' events takes a user token with role admin.");
  }
  const narrowing = { resourceTypes: resourceType, resourceIds: resourceId };
  return allProjects ? { everyProject: true, ...narrowing } : { project: projectId, ...narrowing };
}
