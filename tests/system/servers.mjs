// SPDX-License-Identifier: Apache-2.0
// Servers that are none, and one that stands before a server.
import http from 'node:http';

/** A server that gives always the same answer. */
export async function stand(status, headers, body) {
  const server = http.createServer((request, answer) => {
    request.resume();
    request.on('end', () => {
      answer.writeHead(status, headers);
      answer.end(body);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, end: () => server.close() };
}

/** A proxy that lets logins through, and has `reply(answer, request)` answer everything else. */
export async function between(target, reply, run) {
  const proxy = http.createServer((request, answer) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      if (request.url !== '/skeym/v1/login') {
        reply(answer, request);
        return;
      }
      const { method, url: path, headers } = request;
      http.request({ host: '127.0.0.1', port: target.port, method, path, headers }, (from) => {
        answer.writeHead(from.statusCode, from.headers);
        from.pipe(answer);
      }).end(Buffer.concat(parts));
    });
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  try {
    return await run({ url: `http://127.0.0.1:${proxy.address().port}` });
  } finally {
    proxy.close();
    proxy.closeAllConnections();
  }
}
