import { problemCodes } from '@patchpanel/contract-network-southbound';
import { defineProblems } from '@patchpanel/service-kit';

/** Makes a problem of the southbound API. */
export const southboundProblem = defineProblems(problemCodes);
