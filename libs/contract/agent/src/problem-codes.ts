// Generated from openapi/dist/agent.json by `npm run generate`. Do not edit.

/** Every problem that this API can give: its HTTP status and title. */
export const problemCodes = {
  'malformed-json': { status: 400, title: "The body is not valid JSON" },
  'invalid-request': { status: 400, title: "The request does not follow the API description" },
  'route-not-found': { status: 404, title: "There is nothing at this path" },
  'method-not-allowed': { status: 405, title: "This path does not take this method" },
  'payload-too-large': { status: 413, title: "The body is larger than the service takes" },
  'unsupported-media-type': { status: 415, title: "The body must be JSON" },
  'internal-error': { status: 500, title: "The service failed" },
  'service-unavailable': { status: 503, title: "The service cannot answer now" },
} as const;
