// Generated from openapi/dist/compute-southbound.json by `npm run generate`. Do not edit.

/** Every problem that this API can give: its HTTP status and title. */
export const problemCodes = {
  'malformed-json': { status: 400, title: "The body is not valid JSON" },
  'invalid-request': { status: 400, title: "The request does not follow the API description" },
  'invalid-page-token': { status: 400, title: "The page token does not belong to this list" },
  'invalid-cursor': { status: 400, title: "The cursor does not belong to this feed" },
  'unauthenticated': { status: 401, title: "A valid access token for this service is needed" },
  'forbidden': { status: 403, title: "The token does not permit this operation" },
  'route-not-found': { status: 404, title: "There is nothing at this path" },
  'method-not-allowed': { status: 405, title: "This path does not take this method" },
  'events-compacted': { status: 410, title: "The events behind the cursor are no longer kept" },
  'payload-too-large': { status: 413, title: "The body is larger than the service takes" },
  'unsupported-media-type': { status: 415, title: "The body must be JSON" },
  'internal-error': { status: 500, title: "The service failed" },
  'service-unavailable': { status: 503, title: "The service cannot answer now" },
  'stale-placement': { status: 409, title: "A newer placement of the machine is known" },
  'assignment-not-found': { status: 404, title: "The instance is not assigned to this host" },
  'host-not-registered': { status: 409, title: "The host has not registered" },
} as const;
