// SPDX-License-Identifier: Apache-2.0
// One command, one call of it failed: what must hold afterwards. A scenario has
//   from   the folder it begins with (world.mjs)
//   args   the command's words
//   check  throws when what the command said is not what it did, or when it left something behind
//          that the next run without a fault trips over
import { statSync } from 'node:fs';
import http from 'node:http';

const DIR = ['--dir', 'authority'];
const LASTS_MS = 100; /* at least, and twice that at most; a device tries each 2 ms here */

function need(good, what) {
  if (!good) throw new Error(what);
}

/** Done, but nobody could be told: standard output failed. */
const untold = (result) => /^skeym: standard output could not be written\n$/.test(result.err);

/** One plain request on a connection of its own; undefined when there was no answer. */
function ask(port, method, path, body) {
  return new Promise((resolve) => {
    const headers = body ? { 'content-type': 'application/fhir+json',
      'content-length': Buffer.byteLength(body) } : {};
    const request = http.request({ host: '127.0.0.1', port, method, path, headers, agent: false,
      timeout: 30000 });
    request.on('response', (answer) => {
      let text = '';
      answer.on('data', (data) => (text += data));
      answer.on('error', () => resolve(undefined));
      answer.on('end', () => resolve({ status: answer.statusCode, body: text }));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
    request.end(body);
  });
}

async function listed(world) {
  const out = await world.must(['list', '--json', ...DIR]);
  return JSON.parse(out);
}

/** No file but those that were there, and these. */
function onlyNew(world, folder, before, more) {
  const extra = world.names(folder).filter((name) => !before.includes(name) && !more.includes(name));
  need(extra.length === 0, `left behind: ${extra.join(', ')}`);
}

const MADE = ['authority', 'dr.cred', 'bed.cred', 'passphrase', 'body'];

/* --- the authority ------------------------------------------------------------- */

async function checkInit(world, result, fault) {
  if (result.code === 0 || untold(result)) {
    const [line] = world.audit('init');
    need(line?.authority && line.audience === 'ward' && line.epoch_seconds === 3600,
      'init is done, but its audit line is not whole');
    const list = await listed(world);
    need(list.enrol_keys.length === 1 && list.authority === line.authority, 'no whole authority');
    return;
  }
  /* what cannot be opened or unlinked any more cannot be taken back */
  if (fault?.lasting && ['unlink', 'open'].includes(fault.kind)) return;
  await world.must(['init', 'authority']);
  need(world.audit('init').length === 1, 'no line of the second init');
}

const enrolArgs = (more) => ['enrol', 'new', '--role', 'device', '--scope', 'system/Observation.c',
  '--scope', 'patient/7/Observation.rs', '-o', 'new.cred', ...DIR, ...more];

const whole = (line) => line && line.node === 'new' && line.role === 'device' &&
  line.scopes?.length === 2 && line.generation === 1 && line.not_after > 0 &&
  line.public_key?.length === 43 && line.enrol_key === 1;

function enrolling(more, how) {
  return async (world, result) => {
    const args = enrolArgs([...more, '--server', world.server.url]);
    onlyNew(world, '.', MADE, ['new.cred', 'new.key']);
    const lines = world.audit('enrol').filter((line) => line.node === 'new');
    need(lines.every(whole), 'an audit line that is not whole');
    if (result.code === 0 || untold(result)) {
      need(lines.length === 1, 'enrolled without an audit line');
      need((statSync(world.at('try/new.cred')).mode & 0o777) === 0o600, 'mode of the credential');
    } else {
      need(!world.exists('new.cred'), 'it failed, and left a credential');
      await world.must(args);
    }
    await world.must(['post', '/fhir/Observation', '--as', 'new.cred', '--data', 'body', ...how]);
  };
}

/* --- by invitation ------------------------------------------------------------- */

const inviteArgs = (world) => ['enrol', 'new', '--role', 'doctor', '--scope', 'user/*.cruds',
  '--invite', '--code-only', '--server', world.server.url, ...DIR];

const acceptArgs = (world, out) => ['accept', '-o', out, '--code-file', 'code', '--server',
  world.server.url, '--no-passphrase'];

/** Enrols once, by the code that is in the file "code": not with a second key. */
async function mustBeOnce(world) {
  await world.must(['get', '/fhir/metadata', '--as', 'new.cred']);
  const other = await world.run(acceptArgs(world, 'other.cred'));
  need(other.code === 1 && !world.exists('other.cred'), 'FAIL-OPEN: a second key was enrolled');
  need(/not admitted/.test(other.err), `a second key was refused in another way: ${other.err}`);
}

async function checkInvite(world, result) {
  const lines = world.audit('invite').filter((line) => line.node === 'new');
  need(lines.every((line) => line.invitation?.length === 22 && line.role === 'doctor' &&
    line.scopes?.length === 1 && line.expires > 0 && line.enrol_key === 1),
  'an audit line that is not whole');
  onlyNew(world, 'authority', ['audit', 'keyring', 'lock', 'revoked', 'reserve'], ['invitations']);
  if (result.code !== 0) {
    need(result.out === '' || untold(result), 'it failed, and gave a code');
    result = await world.run(inviteArgs(world));
    need(result.code === 0, `the next one failed: ${result.err}`);
  } else {
    need(lines.length === 1, 'invited without an audit line');
  }
  need(world.exists('authority/invitations'), 'no list of used invitations');
  world.write('code', result.out);
  await world.must(acceptArgs(world, 'new.cred'));
  await mustBeOnce(world);
}

const accept = {
  name: 'accept',
  weight: 0.25,
  from: 'made',
  async prepare(world) {
    world.write('code', await world.invite(`n-${world.lane}-${world.number}`));
  },
  args: (world) => acceptArgs(world, 'new.cred'),
  async check(world, result, fault) {
    onlyNew(world, '.', [...MADE, 'code'], ['new.cred', 'new.cred.pending-key']);
    if (result.code === 0 || untold(result)) {
      need((statSync(world.at('try/new.cred')).mode & 0o777) === 0o600, 'mode of the credential');
      need(fault?.kind === 'unlink' || !world.exists('new.cred.pending-key'), 'its key is left');
    } else {
      need(!world.exists('new.cred'), 'it failed, and left a credential');
      await world.must(accept.args(world));
    }
    await mustBeOnce(world);
  },
};

async function checkKeygen(world, result) {
  onlyNew(world, '.', MADE, ['new.key']);
  if (result.code === 0) {
    need(/^[\w-]{43}\n$/.test(result.out), 'no public key');
  } else if (!untold(result)) {
    need(!world.exists('new.key'), 'it failed, and left a key file');
    result = await world.run(['keygen', '-o', 'new.key', '--passphrase-file', 'passphrase']);
    need(result.code === 0, `the next keygen failed: ${result.err}`);
  }
  need((statSync(world.at('try/new.key')).mode & 0o777) === 0o600, 'mode of the key file');
}

async function checkRevoke(world, result) {
  const list = await listed(world);
  const state = list.nodes.find(({ node }) => node === 'bed')?.state;
  if (result.code === 0) {
    need(state === 'revoked', 'it says "revoked", and the node is active');
    const [line] = world.audit('revoke');
    need(line?.node === 'bed' && line.generation === 1, 'its audit line is not whole');
  } else {
    need(state === 'active' || /it holds|it is written|standard output|done/.test(result.err) ||
      !/NOT revoked/.test(result.err), 'it says "not revoked", and the node is');
    await world.must(['revoke', 'bed', ...DIR]);
  }
  need((await listed(world)).nodes.find(({ node }) => node === 'bed').state === 'revoked', 'list');
  need((await listed(world)).nodes.find(({ node }) => node === 'dr').state === 'active', 'other');
}

/** With a server that runs: what is said to be revoked is refused at once. */
const revokeLive = {
  name: 'revoke, served',
  weight: 0.4,
  from: 'made',
  async prepare(world) {
    this.node = `live${world.number}`;
    await world.must(['enrol', this.node, '--role', 'doctor', '--scope', 'user/*.cruds', '-o',
      'live.cred', '--dir', world.at('ward/authority'), '--no-passphrase', '--server',
      world.server.url]);
    await world.must(['get', '/fhir/metadata', '--as', 'live.cred', '--chain', 'chain']);
  },
  args(world) {
    return ['revoke', this.node, '--dir', world.at('ward/authority')];
  },
  async check(world, result) {
    if (result.code !== 0) await world.must(['revoke', this.node, '--dir', world.at('ward/authority')]);
    for (const chain of [['--chain', 'chain'], []]) {
      const after = await world.run(['get', '/fhir/metadata', '--as', 'live.cred', ...chain]);
      need(after.code === 1 && after.out === '', 'FAIL-OPEN: a revoked node was answered');
      need(/does not admit/.test(after.err), `refused in another way: ${after.err}`);
    }
  },
};

async function checkRestore(world, result) {
  const list = await world.run(['list', '--json', ...DIR]);
  if (result.code === 0) need(list.code === 0, 'restored, and not readable');
  else await world.run(['revoke', '--restore', ...DIR]);
  await listed(world);
}

async function checkRotate(world, result) {
  const keys = (await listed(world)).enrol_keys.length;
  if (result.code === 0) {
    need(keys === 2, 'it says that it made a key, and there is none');
    need(world.audit('rotate')[0]?.enrol_key === 2, 'its audit line is not whole');
  } else {
    need(keys <= 2, 'more keys than were made');
    await world.must(['rotate', ...DIR]);
    need((await listed(world)).enrol_keys.length === keys + 1, 'the next one made none');
  }
}

async function checkRetire(world, result) {
  const ids = (await listed(world)).enrol_keys.map(({ id }) => id);
  need(ids.includes(2), 'the current key is gone');
  if (result.code === 0) {
    need(!ids.includes(1), 'it says that the key is forgotten, and it is there');
    need(world.audit('retire')[0]?.enrol_key === 1, 'its audit line is not whole');
  } else if (ids.includes(1)) {
    await world.must(['rotate', '--retire', '1', '--yes', ...DIR]);
  }
}

async function checkList(world, result) {
  const good = JSON.parse(await world.must(['list', '--json', ...DIR]));
  if (result.code !== 0) return;
  const got = JSON.parse(result.out);
  need(JSON.stringify(got) === JSON.stringify(good), 'it says "ok", and left something out');
}

/* --- a node --------------------------------------------------------------------- */

async function checkGet(world, result) {
  if (result.code === 0) {
    const answer = JSON.parse(result.out);
    need(answer.resourceType === 'Bundle' && answer.total === 3, 'it says "ok", and is not whole');
  }
  await world.must(['get', '/fhir/metadata', '--as', 'dr.cred', '--chain', 'chain']);
  onlyNew(world, '.', MADE, ['chain']);
}

async function checkGetAll(world, result) {
  if (result.code === 0) {
    const lines = result.out.split('\n').filter(Boolean).map((line) => JSON.parse(line));
    need(lines.length === 3, `it says "ok", and gave ${lines.length} of 3 resources`);
  }
  await world.must(['get', '/fhir/metadata', '--as', 'dr.cred']);
}

async function found(world, query) {
  const out = await world.must(['get', `/fhir/Observation?${query}&_count=0`, '--as', 'dr.cred']);
  return JSON.parse(out).total;
}

const post = {
  name: 'post',
  weight: 0.25,
  from: 'made',
  args: (world) => ['post', '/fhir/Observation', '--as', 'dr.cred', '--data', 'body',
    '--if-none-exist', `identifier=urn:t|${world.lane}-${world.number}`, '--pretty'],
  prepare(world) {
    const body = JSON.parse(world.text('body'));
    body.identifier = [{ system: 'urn:t', value: `${world.lane}-${world.number}` }];
    world.write('body', JSON.stringify(body));
  },
  async check(world, result) {
    const query = `identifier=urn:t|${world.lane}-${world.number}`;
    const before = await found(world, query);
    if (result.code === 0) {
      need(before === 1, 'it says that it is stored, and it is not');
      need(JSON.parse(result.out).resourceType === 'Observation', 'no whole answer');
    } else if (before === 1) {
      need(result.out !== '' || /may have been executed|standard output/.test(result.err),
        `it is stored, and nobody said that it may be: ${result.err}`);
    }
    await world.must(post.args(world));
    need((await found(world, query)) === 1, 'stored twice');
  },
};

/** How many messages the simulated patient below makes. */
let messages;

const device = {
  name: 'device',
  weight: 0.5,
  from: 'made',
  patient: (world) => `p-${world.lane}-${world.number}`,
  args: (world) => ['device', '--simulate', '--minutes', '1', '--speed', '0', '--block', '30',
    '--patient', device.patient(world), '--as', 'bed.cred', '--journal', 'journal'],
  /* A device does not give up on a server; so a fault that lasts is taken back after a while. */
  async drive(world, run) {
    let hit = false;
    const timer = setInterval(() => {
      if (hit) world.victim.page.disarm();
      hit = world.victim.page.fired > 0;
    }, LASTS_MS);
    const result = await run.end;
    clearInterval(timer);
    return result;
  },
  async check(world, result) {
    const query = `patient=${device.patient(world)}`;
    const first = await found(world, query);
    messages ??= first;
    if (result.code === 0) {
      need(first === messages, `it says that all is acknowledged: ${first} of ${messages} are there`);
      return;
    }
    need(first <= messages, 'more than was measured');
    await world.must(device.args(world));
    const all = await found(world, query);
    need(all === messages || (first === messages && all === 2 * messages),
      `${first} before and ${all} after the second run, of ${messages}`);
  },
};

/* --- a server's start and end ------------------------------------------------------ */

const LISTEN = ['--listen', '127.0.0.1:0', '--metrics-listen', '127.0.0.1:0', '--threads', '2',
  '--used-slots', '1024'];

/** From its start to its end; the fault is anywhere in between. */
const serve = {
  name: 'serve: start and shutdown',
  from: 'made',
  args: () => ['serve', 'authority', ...LISTEN, '--ready-fd', '3'],
  async drive(world, run) {
    let ended = false;
    const end = run.end.then((result) => ((ended = true), result));
    const deadline = Date.now() + 60000;
    while (!ended && !run.ready().endsWith('\n') && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    if (!ended) {
      const port = Number(run.ready().split(' ')[0]);
      const url = `http://127.0.0.1:${port}`;
      const get = ['get', '/fhir/metadata', '--as', 'dr.cred', '--server', url];
      /* the fault may hit the first of them, and then no other */
      this.second = await world.run(get);
      if (world.victim.page.fired) world.victim.page.disarm();
      if (!ended && this.second.code !== 0) this.second = await world.run(get);
      if (!ended) process.kill(run.pid, 'SIGTERM');
    } else {
      this.second = undefined;
    }
    this.served = run.ready() !== '';
    return end;
  },
  async check(world, result) {
    if (this.served) {
      const told = !/standard output could not be written/.test(result.err);
      need(result.code === 0 || !told, `it served, and ended with ${result.code}`);
      need(this.second?.code === 0, `the request after the fault failed: ${this.second?.err}`);
      need(/"event":"stopp/.test(result.err), 'it does not log its end');
    } else {
      need(result.code === 1, `it did not start, and ended with ${result.code}`);
    }
    await world.must(['serve', 'authority', '--check-config', ...LISTEN]);
    await listed(world);
  },
};

/** A sidecar from its start to its end, with one request through it. */
const sidecar = {
  name: 'connect: start, a request, shutdown',
  weight: 0.25,
  from: 'made',
  args: () => ['connect', '--as', 'dr.cred', '--listen', '127.0.0.1:0', '--workers', '1',
    '--patience', '1', '--ready-fd', '3'],
  async drive(world, run) {
    let ended = false;
    const end = run.end.then((result) => ((ended = true), result));
    const deadline = Date.now() + 60000;
    const port = () => Number(run.ready());
    this.answer = this.second = undefined;
    while (!ended && !run.ready().endsWith('\n') && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    this.served = run.ready().endsWith('\n');
    if (!ended) {
      this.value = `c-${world.lane}-${world.number}`;
      const resource = JSON.parse(world.text('body'));
      resource.identifier = [{ system: 'urn:t', value: this.value }];
      this.answer = await ask(port(), 'POST', '/fhir/Observation', JSON.stringify(resource));
      world.victim.page.disarm();
      const find = `/fhir/Observation?identifier=urn:t|${this.value}`;
      while (!ended && Date.now() < deadline) { /* after a login that failed it waits for a second */
        this.second = await ask(port(), 'GET', find);
        if (this.second?.status === 200) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      if (!ended) process.kill(run.pid, 'SIGTERM');
    }
    return end;
  },
  async check(world, result) {
    if (!this.served) {
      need(result.code === 1, `it did not start, and ended with ${result.code}`);
    } else {
      need(result.code === 0, `it served, and ended with ${result.code}`);
      need(this.second?.status === 200, `the request after the fault got ${this.second?.status}`);
      const { total } = JSON.parse(this.second.body);
      if (this.answer?.status === 201) need(total === 1, 'acknowledged, and not there');
      need(!this.answer || this.answer.status === 201 || this.answer.status >= 500,
        `REASON: it blames the client: ${this.answer?.status}`);
      need(total <= 1, 'stored twice');
    }
    await world.must(['get', '/fhir/metadata', '--as', 'dr.cred']);
    onlyNew(world, '.', MADE, []);
  },
};

export const COMMANDS = [
  { name: 'init', from: undefined, args: () => ['init', 'authority'], check: checkInit },
  { name: 'enrol', from: 'made', check: enrolling(['--no-passphrase'], []),
    args: (world) => enrolArgs(['--no-passphrase', '--server', world.server.url]) },
  { name: 'enrol, locked', from: 'made', weight: 0.25,
    check: enrolling(['--passphrase-file', 'passphrase'], ['--passphrase-file', 'passphrase']),
    args: (world) => enrolArgs(['--passphrase-file', 'passphrase', '--server', world.server.url]) },
  { name: 'enrol --invite', from: 'made', weight: 0.25, check: checkInvite, args: inviteArgs },
  { name: 'keygen', from: 'made', check: checkKeygen,
    args: () => ['keygen', '-o', 'new.key', '--passphrase-file', 'passphrase'] },
  { name: 'revoke', from: 'made', check: checkRevoke, args: () => ['revoke', 'bed', ...DIR] },
  revokeLive,
  accept, /* after it: its thousands of lines in the ward's audit file are what a revocation reads */
  { name: 'revoke --restore', from: 'made', check: checkRestore,
    prepare: (world) => world.write('authority/revoked', 'altered'),
    args: () => ['revoke', '--restore', ...DIR] },
  { name: 'rotate', from: 'made', check: checkRotate, args: () => ['rotate', ...DIR] },
  { name: 'rotate --retire', from: 'two', check: checkRetire,
    args: () => ['rotate', '--retire', '1', '--yes', ...DIR] },
  { name: 'list', from: 'two', check: checkList, args: () => ['list', '--json', ...DIR] },
  { name: 'get', from: 'made', check: checkGet,
    args: () => ['get', '/fhir/Observation?patient=read', '--as', 'dr.cred', '--chain', 'chain'] },
  { name: 'get --all', from: 'made', weight: 0.25, check: checkGetAll,
    args: () => ['get', '/fhir/Observation?patient=read&_count=2', '--as', 'dr.cred', '--all'] },
  post,
  device,
  serve,
  sidecar,
];
