import { Router, type RequestHandler } from 'express';
import { commonProblem } from './common-problems.ts';
import type { ApiDocument } from './document.ts';
import { docsPage } from './docs-page.ts';
import type { Metrics } from './metrics.ts';
import { Problem } from './problem.ts';

export interface SystemRouteOptions {
  readonly document: ApiDocument;
  readonly metrics: Metrics;
  /** Fails with the reason while the service cannot do its work. */
  isReady(): Promise<void>;
  readonly docsAssets: string | undefined;
}

/** The paths that need no token: health, readiness, metrics, the document and its page. */
export function systemRoutes(options: SystemRouteOptions): Router {
  const { document, metrics } = options;
  const router = Router({ caseSensitive: true, strict: true });
  const documentText = JSON.stringify(document.source);
  router.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  router.get('/readyz', async (_request, response) => {
    try {
      await options.isReady();
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw commonProblem('service-unavailable', 'The service is not ready: its database is out of reach.', {
        cause: error,
        headers: { 'retry-after': '2' },
      });
    }
    response.json({ status: 'ready' });
  });
  router.get('/metrics', async (_request, response) => {
    const text = await metrics.registry.metrics();
    response.set('content-type', metrics.registry.contentType).end(text);
  });
  router.get('/openapi.json', (_request, response) => {
    response.set('content-type', 'application/json; charset=utf-8').end(documentText);
  });
  router.use(docsPage(document.title, options.docsAssets));
  router.all(['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs'], refuseMethod);
  return router;
}

const refuseMethod: RequestHandler = (request, _response, next) => {
  next(methodNotAllowed(request.method, ['GET', 'HEAD']));
};

/** 405 with the methods that the path takes. */
export function methodNotAllowed(method: string, allowed: readonly string[]): Problem {
  return commonProblem(
    'method-not-allowed',
    `The path does not take ${method}; it takes ${allowed.join(', ')}.`,
    {
      headers: { allow: allowed.join(', ') },
    },
  );
}
