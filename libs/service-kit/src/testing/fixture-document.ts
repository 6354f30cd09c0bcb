/** A small API with every mechanism of the kit in it, for the kit's own tests. */

const json = (schema: object) => ({ 'application/json': { schema } });
const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** The problem responses of an operation, grouped by status as the bundler does it. */
function problems(codes: Record<string, number>): { codes: string[]; responses: Record<string, object> } {
  const responses: Record<string, object> = {};
  for (const status of new Set(Object.values(codes))) {
    const headers: Record<string, object> = {};
    if (status === 401) headers['WWW-Authenticate'] = { required: true, schema: { type: 'string' } };
    if (status === 503) headers['Retry-After'] = { required: true, schema: { type: 'integer' } };
    responses[status] = {
      description: 'A problem.',
      headers,
      content: { 'application/problem+json': { schema: reference('Problem') } },
    };
  }
  return { codes: Object.keys(codes), responses };
}

const always = {
  'internal-error': 500,
  'service-unavailable': 503,
  unauthenticated: 401,
  forbidden: 403,
  'invalid-request': 400,
};
const withBody = { 'malformed-json': 400, 'payload-too-large': 413, 'unsupported-media-type': 415 };

function operation(
  operationId: string,
  success: Record<string, object>,
  codes: Record<string, number>,
  rest: object = {},
) {
  const known = problems({ ...always, ...codes });
  return {
    operationId,
    'x-problem-codes': known.codes,
    responses: { ...success, ...known.responses },
    ...rest,
  };
}

const etag = { ETag: { required: true, schema: { type: 'string' } } };
const thingId = { name: 'thingId', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } };
const body = (schema: object) => ({ required: true, content: json(schema) });
const thing = { description: 'The thing.', headers: etag, content: json(reference('Thing')) };
const member = { security: [{ userToken: ['member'] }] };

export const fixtureDocument = {
  openapi: '3.1.0',
  info: { title: 'Things', version: '1.0.0' },
  servers: [{ url: '/' }],
  security: [{ userToken: ['reader'] }],
  paths: {
    '/v1/things': {
      get: operation(
        'listThings',
        { 200: { description: 'A page.', content: json(reference('ThingPage')) } },
        { 'invalid-page-token': 400 },
        {
          parameters: [
            {
              name: 'limit',
              in: 'query',
              schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
            },
            { name: 'pageToken', in: 'query', schema: { type: 'string', minLength: 1, maxLength: 500 } },
            { name: 'name', in: 'query', schema: { type: 'string', maxLength: 63 } },
          ],
        },
      ),
      post: operation(
        'createThing',
        { 201: { ...thing, headers: { ...etag, Location: { required: true, schema: { type: 'string' } } } } },
        { ...withBody, 'name-taken': 409, 'idempotency-key-reused': 422 },
        {
          ...member,
          parameters: [
            {
              name: 'Idempotency-Key',
              in: 'header',
              schema: { type: 'string', minLength: 1, maxLength: 100 },
            },
          ],
          requestBody: body(reference('ThingInput')),
        },
      ),
    },
    '/v1/things/{thingId}': {
      parameters: [thingId],
      get: operation('getThing', { 200: thing }, { 'thing-not-found': 404 }),
      patch: operation(
        'updateThing',
        { 200: thing },
        { ...withBody, 'thing-not-found': 404, 'precondition-failed': 412 },
        {
          ...member,
          parameters: [{ name: 'If-Match', in: 'header', schema: { type: 'string', maxLength: 100 } }],
          requestBody: {
            required: true,
            content: { 'application/merge-patch+json': { schema: reference('ThingPatch') } },
          },
        },
      ),
      delete: operation(
        'deleteThing',
        { 204: { description: 'Gone.' } },
        { 'thing-not-found': 404 },
        { security: [{ userToken: ['admin'] }] },
      ),
    },
    '/v1/changes': {
      get: operation(
        'listChanges',
        { 200: { description: 'Changes.', content: json(reference('ChangeBatch')) } },
        { 'invalid-cursor': 400, 'events-compacted': 410 },
        {
          security: [{ serviceToken: ['network:agent'] }],
          parameters: [
            { name: 'cursor', in: 'query', schema: { type: 'string', maxLength: 500 } },
            {
              name: 'waitSeconds',
              in: 'query',
              schema: { type: 'integer', minimum: 0, maximum: 55, default: 0 },
            },
          ],
        },
      ),
    },
    '/v1/events': {
      get: operation(
        'followEvents',
        {
          200: {
            description: 'Events, or a stream of them.',
            content: {
              ...json(reference('ChangeBatch')),
              'text/event-stream': { schema: { type: 'string' } },
            },
          },
        },
        { 'invalid-cursor': 400, 'events-compacted': 410 },
        {
          parameters: [
            { name: 'cursor', in: 'query', schema: { type: 'string', maxLength: 500 } },
            { name: 'Last-Event-ID', in: 'header', schema: { type: 'string', minLength: 1, maxLength: 200 } },
            {
              name: 'waitSeconds',
              in: 'query',
              schema: { type: 'integer', minimum: 0, maximum: 55, default: 0 },
            },
            {
              name: 'limit',
              in: 'query',
              schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
            },
            {
              name: 'resourceType',
              in: 'query',
              schema: { type: 'array', minItems: 1, maxItems: 5, items: { type: 'string', maxLength: 20 } },
            },
          ],
        },
      ),
    },
  },
  components: {
    securitySchemes: {
      userToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
      serviceToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    },
    schemas: {
      Thing: {
        type: 'object',
        required: ['id', 'name', 'revision', 'createdAt'],
        properties: {
          id: { type: 'string', format: 'uuid' },
          name: { type: 'string' },
          friendId: { type: 'string', format: 'uuid' },
          revision: { type: 'integer' },
          createdAt: { type: 'string', format: 'date-time' },
        },
      },
      ThingInput: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: {
          name: { type: 'string', minLength: 1, maxLength: 63 },
          friendId: { type: 'string', format: 'uuid' },
          sizes: { type: 'array', maxItems: 10, items: { type: 'integer', minimum: 1 } },
        },
      },
      ThingPatch: {
        type: 'object',
        additionalProperties: false,
        properties: {
          name: { type: 'string', minLength: 1, maxLength: 63 },
          friendId: { type: ['string', 'null'], format: 'uuid' },
        },
      },
      ThingPage: {
        type: 'object',
        required: ['items'],
        properties: {
          items: { type: 'array', items: reference('Thing') },
          nextPageToken: { type: 'string' },
        },
      },
      ChangeBatch: {
        type: 'object',
        required: ['items', 'nextCursor'],
        properties: { items: { type: 'array', items: { type: 'object' } }, nextCursor: { type: 'string' } },
      },
      Problem: {
        type: 'object',
        required: ['type', 'title', 'status', 'code', 'detail'],
        properties: {
          type: { type: 'string', format: 'uri-reference' },
          title: { type: 'string' },
          status: { type: 'integer' },
          code: { type: 'string' },
          detail: { type: 'string' },
          instance: { type: 'string', format: 'uri-reference' },
          errors: {
            type: 'array',
            items: {
              type: 'object',
              required: ['pointer', 'detail'],
              properties: { pointer: { type: 'string' }, detail: { type: 'string' } },
            },
          },
        },
      },
    },
  },
};
