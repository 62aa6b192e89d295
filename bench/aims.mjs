// SPDX-License-Identifier: Apache-2.0
// What must be shown: each aim with the figure that shows it. `./dev bench` ends with this table.

/** Made of figures of different parts: [name, unit, above, below, times]. Medians alone. */
export const MADE = [
  ['ratio.exchange_to_libjwt', 'x', 'exchange.server.256', 'rival.libjwt', 1],
  ['ratio.exchange_to_cjose_jws', 'x', 'exchange.server.256', 'rival.cjose.jws', 1],
  ['ratio.exchange_to_cjose_jwe', 'x', 'exchange.server.256', 'rival.cjose.jwe', 1],
  ['ratio.exchange_to_es256', 'x', 'exchange.server.256', 'rival.es256', 1],
  ['ratio.exchange_to_hand', 'x', 'exchange.server.256', 'rival.hand', 1],
  ['ratio.open_to_gcm_fresh', 'x', 'token.open', 'rival.gcm.fresh', 1],
];

/** [figure, "<=" or ">=", aim, what]. An aim is of the median. */
export const AIMS = [
  ['key', '<=', 100, 'a token\'s key'],
  ['token.mint', '<=', 500, 'mint'],
  ['token.open', '<=', 350, 'open'],
  ['exchange.server.256', '<=', 1500, 'whole exchange on the server, answer of 256 B'],
  ['exchange.server.1k', '<=', 2000, 'the same, 1 KiB'],
  ['exchange.node.256', '<=', 3000, 'the node\'s side: the same order (twice, as bound)'],
  ['login.server', '<=', 190000, 'login on the server'],
  ['ratio.exchange_to_libjwt', '<=', 1, 'whole exchange, of one look at a JWT by libjwt'],
  ['ratio.exchange_to_cjose_jws', '<=', 1, 'the same, of cjose\'s'],
  ['ratio.to_mhd', '>=', 0.85, 'requests/s, of the same library\'s hello-world'],
  ['ratio.to_floor', '>=', 0.80, 'requests/s, of the floor'],
  ['rivals.skeym_get.user', '<=', 3.5, 'user CPU per request'],
  ['ratio.to_haproxy_claims', '>=', 1.6, 'of HAProxy with HS256, all claims'],
  ['ratio.to_nginx_njs', '>=', 2.5, 'of nginx with HS256 (njs)'],
  ['ratio.to_nginx_lua', '>=', 2.5, 'of nginx with HS256 (Lua, FFI)'],
  ['ratio.to_haproxy_es256', '>=', 10, 'of HAProxy with ES256'],
  ['ratio.to_nginx_es256', '>=', 10, 'of nginx with ES256 (njs)'],
  ['ratio.tls_to_nginx_tls', '>=', 0.85, 'TLS 1.3, kept alive, of nginx\'s'],
  ['rivals.skeym.rss', '<=', 20, 'resident with 2,000 idle connections that were used'],
  ['ratio.kept_at_2000', '>=', 0.85, 'kept of the rate at 2,000 connections, of what the floor keeps'],
  ['ratio.two_cores_to_one', '>=', 1.8, 'two cores, of one'],
  ['ratio.two_cores_by_cpu', '>=', 1.8, 'the same by the server\'s CPU per request'],
  ['rivals.generator', '<=', 90, 'busiest that the generator was, of its core'],
  ['ingest.ratio', '>=', 70, 'made durable, of the sqlite3 shell\'s best'],
  ['ingest.bundles.ratio', '>=', 70, 'the same in transactions of ten'],
  ['ingest.server.ratio', '>=', 70, 'single readings through skeym serve'],
  ['ingest.bundles.server.ratio', '>=', 70, 'transactions of ten through skeym serve'],
  ['query.growth.p99', '<=', 120, 'last 100 of a patient: p99 with 10 million rows, of 100,000, both held in memory'],
  ['query.growth.unheld.p99', '<=', 120, 'the same when the system holds of them what it likes'],
  ['growth.request.ratio', '<=', 110, 'a request with 100,000 nodes, of one with 100'],
  ['growth.node', '<=', 1, 'memory per idle node'],
  ['growth.token', '<=', 16, 'memory per live token'],
  ['device.text.gcc', '<=', 24576, 'a device\'s code without crypto'],
  ['device.text.arm', '<=', 24576, 'the same on a Cortex-M4'],
  ['device.stack.painted', '<=', 4096, 'a device\'s stack'],
  ['device.heap', '<=', 0, 'a device\'s calls for heap'],
];
