import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Router } from 'express';

/** The files of swagger-ui-dist that the page needs: a bundle copies these beside itself and passes `docsAssets`. */
export const docsAssetFiles = ['swagger-ui.css', 'swagger-ui-bundle.js'] as const;

const contentTypes: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
};

/** Scripts and styles come from this server only. Swagger UI sets inline styles and shows its icons as data URLs. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Requests go to the server that the page came from, whatever servers the document lists. */
const startScript = `
fetch('/openapi.json').then((answer) => answer.json()).then((spec) => {
  spec.servers = [{ url: '/' }];
  SwaggerUIBundle({
    spec, dom_id: '#docs', deepLinking: true, validatorUrl: null, tryItOutEnabled: true,
    persistAuthorization: false, displayRequestDuration: true, supportedSubmitMethods: ['get', 'put', 'post', 'delete', 'patch'],
  });
});
`;

/** Serves the documentation page at `/docs`, wholly from local files: `docsAssets` or the swagger-ui-dist package. */
export function docsPage(title: string, docsAssets: string | undefined): Router {
  const folder = docsAssets ?? swaggerFolder();
  const files = new Map<string, { type: string; content: Buffer }>();
  for (const name of docsAssetFiles) {
    files.set(name, {
      type: contentTypes[name.split('.').at(-1) ?? ''] ?? '',
      content: readFileSync(join(folder, name)),
    });
  }
  files.set('start.js', { type: contentTypes['js'] ?? '', content: Buffer.from(startScript) });
  const versions = new Map(
    [...files].map(([name, { content }]) => [
      name,
      createHash('sha256').update(content).digest('hex').slice(0, 12),
    ]),
  );
  const page = renderPage(title, (name) => `/docs/${name}?v=${versions.get(name) ?? ''}`);
  const router = Router({ caseSensitive: true });
  router.get('/docs', (_request, response) => {
    response.set('content-security-policy', contentSecurityPolicy).type('html').send(page);
  });
  for (const [name, { type, content }] of files) {
    router.get(`/docs/${name}`, (_request, response) => {
      response
        .set({ 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable' })
        .end(content);
    });
  }
  return router;
}

function swaggerFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  } catch (error) {
    throw new Error(
      'the files of /docs are missing: pass docsAssets, a folder with those of swagger-ui-dist',
      { cause: error },
    );
  }
}

function renderPage(title: string, url: (name: string) => string): string {
  const escaped = title.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escaped}</title><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="${url('swagger-ui.css')}"></head>
<body><div id="docs"></div>
<script src="${url('swagger-ui-bundle.js')}"></script><script src="${url('start.js')}"></script></body>
</html>
`;
}
