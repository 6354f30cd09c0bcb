// Generated from openapi/dist/compute.json by `npm run generate`. Do not edit.

/** Every problem that this API can give: its HTTP status and title. */
export const problemCodes = {
  'malformed-json': { status: 400, title: "The body is not valid JSON" },
  'invalid-request': { status: 400, title: "The request does not follow the API description" },
  'invalid-page-token': { status: 400, title: "The page token does not belong to this list" },
  'unauthenticated': { status: 401, title: "A valid access token for this service is needed" },
  'forbidden': { status: 403, title: "The token does not permit this operation" },
  'route-not-found': { status: 404, title: "There is nothing at this path" },
  'method-not-allowed': { status: 405, title: "This path does not take this method" },
  'precondition-failed': { status: 412, title: "The resource is at another revision than If-Match names" },
  'payload-too-large': { status: 413, title: "The body is larger than the service takes" },
  'unsupported-media-type': { status: 415, title: "The body must be JSON" },
  'idempotency-key-reused': { status: 422, title: "The idempotency key belongs to another request" },
  'internal-error': { status: 500, title: "The service failed" },
  'service-unavailable': { status: 503, title: "The service cannot answer now" },
  'mac-address-in-use': { status: 409, title: "The MAC address is in use" },
  'vnic-not-found': { status: 404, title: "There is no such vNIC" },
  'vnic-in-use': { status: 409, title: "The vNIC belongs to an instance" },
  'instance-not-found': { status: 404, title: "There is no such instance" },
  'instance-deleting': { status: 409, title: "The instance is being deleted" },
  'host-not-found': { status: 404, title: "There is no such host" },
} as const;
