import { problemCodes } from '@patchpanel/contract-compute';
import { problemCodes as southboundProblemCodes } from '@patchpanel/contract-compute-southbound';
import { defineProblems } from '@patchpanel/service-kit';

/** Raises a problem of the public API: `throw problem('vnic-not-found', '…')`. */
export const problem = defineProblems(problemCodes);

/** Raises a problem of the southbound API. */
export const southboundProblem = defineProblems(southboundProblemCodes);
