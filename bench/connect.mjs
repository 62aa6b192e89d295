#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// What a sidecar costs: the same requests, from the same generator, once as nodes of their own and
// once as plain HTTP through `skeym connect`. In turns, in one run; medians, and their ratio. Gets are the
// same to the byte; a node's own post is a conditional create with an identifier, a plain one has but the key
// that the sidecar gives it, so posts say what each costs and not what the sidecar adds.
//   bench/connect.mjs [PROGRAM] [--rounds N] [--seconds N] [--json FILE] [--quick]
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { World, observation, until } from '../tests/system/world.mjs';
import { Report, median, skeym } from './part.mjs';

const { values: given, positionals } = parseArgs({ allowPositionals: true, options: { rounds: { type: 'string' },
  seconds: { type: 'string' }, json: { type: 'string' }, quick: { type: 'boolean' } } });
const rounds = Number(given.rounds ?? (given.quick ? 1 : 3));
const seconds = Number(given.seconds ?? (given.quick ? 0.2 : 2));
const program = positionals[0] ?? skeym;
const report = new Report();
const TYPE = 'Content-Type: application/fhir+json';

async function load(world, url, connections, ...args) {
  const file = world.path('figures.json');
  await world.must(['bench', 'load', url, '--connections', String(connections), '--seconds',
    String(seconds), '--warmup', '0.5', '--json', file, ...args]);
  const figures = JSON.parse(readFileSync(file, 'utf8'));
  return { rate: figures.ok_per_s, p50: figures.p50_us, p99: figures.p99_us };
}

async function sidecar(world, server, credential) {
  const run = world.begin(['connect', '--as', credential, '--to', server.url, '--listen',
    '127.0.0.1:0', '--ready-fd', '3', '--workers', '16'], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
  await until('the sidecar', () => run.ready.endsWith('\n'));
  return `http://127.0.0.1:${Number(run.ready)}`;
}

async function main(world) {
  await world.init();
  const credential = await world.enrol('bench', 'service', 'system/*.cruds');
  const server = await world.serve(['--per-ip', '1024', '--login-rate', '100000',
    '--login-burst', '1000000', '--login-cpu', '100']);
  const { identifier, ...reading } = observation(1);
  const made = JSON.parse((await world.post(server, '/fhir/Observation', credential, reading)).out);
  const path = `/fhir/Observation/${made.id}`;
  const body = world.path('reading.json');
  writeFileSync(body, JSON.stringify(reading));
  const beside = await sidecar(world, server, credential);
  const cases = [];
  for (const connections of [1, 16, 64]) {
    cases.push({ name: `get, ${connections}`, connections,
      without: [server.url, '--dir', world.dir, '--path', path], with: [`${beside}${path}`] });
    cases.push({ name: `post, ${connections}`, connections,
      without: [server.url, '--dir', world.dir, '--mix', 'post=1'],
      with: [`${beside}/fhir/Observation`, '--method', 'POST', '--body', body, '--header', TYPE] });
  }
  const found = cases.map(() => ({ without: [], with: [] }));
  for (let round = 0; round < rounds; round++) {
    for (const [i, one] of cases.entries()) {
      for (const how of round % 2 ? ['with', 'without'] : ['without', 'with']) {
        const [url, ...args] = one[how];
        found[i][how].push(await load(world, url, one.connections, ...args));
      }
      process.stderr.write('.');
    }
  }
  process.stderr.write('\n');
  console.log('request, connections   without: /s   p50 us   p99 us      with: /s   p50 us   p99 us   ratio of rates (least to most)');
  for (const [i, one] of cases.entries()) {
    const of = (how, what) => median(found[i][how].map((figures) => figures[what]));
    const ratios = found[i].with.map(({ rate }, round) => rate / found[i].without[round].rate);
    const column = (how) => [of(how, 'rate'), of(how, 'p50'), of(how, 'p99')]
      .map((value, at) => value.toFixed(0).padStart(at ? 9 : 13)).join('');
    const key = `connect.${one.name.replace(', ', '.')}`;
    report.add(`${key}.ratio`, 'through the sidecar, of without', 'x', ratios);
    for (const how of ['without', 'with']) {
      report.add(`${key}.${how}`, 'requests/s', '1/s', found[i][how].map(({ rate }) => rate));
      report.add(`${key}.${how}.p99`, 'latency', 'us', found[i][how].map(({ p99 }) => p99));
    }
    const spread = [Math.min(...ratios), Math.max(...ratios)].map((value) => value.toFixed(2));
    console.log(`${one.name.padEnd(22)}${column('without')} ${column('with')}    ${median(ratios).toFixed(2)} (${spread.join(' to ')})`);
  }
}

const world = new World(program);
try {
  await main(world);
  report.write(given.json);
} catch (error) {
  console.error(error.message, world.logs().slice(-2000));
  process.exitCode = 1;
} finally {
  await world.end();
}
