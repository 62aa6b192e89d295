// SPDX-License-Identifier: Apache-2.0
// metadata is complete and true: everything that it declares is walked, and what it does not declare
// is refused. A new interaction, parameter or operation without a walk here fails.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundle, device, heartRate, patient, posting } from './makers.mjs';
import { ask, assertOutcome, here, hospital, must } from './world.mjs';

/** One of each type, and what is known of it; by type. */
const known = {};

hospital(async () => {
  const identifier = [{ system: 'urn:test:walk', value: 'o' }];
  const made = { ...heartRate('walk', 5, 66), identifier };
  known.Observation = await must('/Observation', { method: 'POST', body: made });
  for (const resource of [patient('walk', 'Walker'), device('walk-device', 'walk')]) {
    const target = `/${resource.resourceType}/${resource.id}`;
    known[resource.resourceType] = await must(target, { method: 'PUT', body: resource });
  }
});

const put = (type, id, more) => ask(`/${type}/${id}`, {
  method: 'PUT', body: type === 'Patient' ? { ...patient(id), ...more } : { ...device(id, 'walk'), ...more },
});
const count = (type, query) => must(`/${type}?${query}&_summary=count`).then(({ total }) => total);

async function anEvent() {
  const { entry } = await must('/AuditEvent?_count=100');
  return entry.find(({ resource }) => resource.subtype).resource;
}

/** How each interaction of a type is walked. */
const INTERACTIONS = {
  read: async (type) => {
    const one = known[type] ?? (await anEvent());
    assert.deepEqual(await must(`/${type}/${one.id}`), one);
  },
  vread: async (type) => {
    const { id, meta } = known[type];
    assert.deepEqual(await must(`/${type}/${id}/_history/${meta.versionId}`), known[type]);
  },
  'search-type': async (type) => {
    assert.equal((await must(`/${type}`)).type, 'searchset');
  },
  create: async (type) => {
    const body = {
      Observation: heartRate('walk', 6, 67),
      Patient: { resourceType: 'Patient' },
      Device: { resourceType: 'Device' },
    }[type];
    const made = await ask(`/${type}`, { method: 'POST', body });
    assert.equal(made.status, 201);
    assert.equal((await ask(`/${type}/${made.json.id}`)).status, 200);
  },
  update: async (type) => {
    assert.equal((await put(type, 'walk-update')).status, 201);
    const second = await put(type, 'walk-update', { language: 'de' });
    assert.deepEqual([second.status, second.json.meta.versionId], [200, '2']);
  },
};

/** For each parameter a query that finds the known one, and one that does not. */
const PARAMS = {
  Observation: (one) => ({
    _id: [one.id, 'other'],
    _lastUpdated: [`ge${one.meta.lastUpdated}`, 'lt2020'],
    identifier: ['urn:test:walk|o', 'urn:test:walk|p'],
    patient: ['Patient/walk', 'walk-other'],
    subject: ['walk', 'Patient/walk-other'],
    code: ['http://loinc.org|8867-4', 'http://loinc.org|8867-5'],
    category: ['vital-signs', 'laboratory'],
    date: ['2026-11-22T10:05', '2026-11-23'],
  }),
  Patient: (one) => ({
    _id: ['walk', 'other'],
    _lastUpdated: [`eq${one.meta.lastUpdated}`, 'lt2020'],
    identifier: ['urn:test:patients|walk', 'walk-other'],
    name: ['walk', 'runner'],
  }),
  Device: (one) => ({
    _id: ['walk-device', 'other'],
    _lastUpdated: [`le${one.meta.lastUpdated}`, 'lt2020'],
    identifier: ['walk-device', 'urn:test:devices|other'],
    patient: ['walk', 'walk-other'],
  }),
  AuditEvent: (one) => ({
    date: [`ge${one.recorded}`, 'lt2020'],
    outcome: [one.outcome, one.outcome === '12' ? '0' : '12'],
    agent: ['doctor', 'nobody'],
    type: [one.type.code, '1'],
    subtype: [one.subtype[0].code, '1'],
    entity: ['doctor', 'nobody'],
  }),
};

const declared = async () => (await must('/metadata')).rest[0];
const inEach = async (walk) => {
  for (const resource of (await declared()).resource) await walk(resource);
};

test('it is of R4, JSON, of this server, and lists what is served', async () => {
  const statement = await must('/metadata');
  assert.equal(statement.fhirVersion, '4.0.1');
  assert.equal(statement.implementation.url, here.base);
  assert.equal(statement.kind, 'instance');
  assert.equal(statement.rest.length, 1);
  assert.equal(statement.rest[0].mode, 'server');
  const types = statement.rest[0].resource.map(({ type }) => type).sort();
  assert.deepEqual(types, ['AuditEvent', 'Device', 'Observation', 'Patient']);
});

test('each format that it names is served', async () => {
  for (const format of (await must('/metadata')).format) {
    const escaped = encodeURIComponent(format);
    assert.equal((await ask(`/Patient/walk?_format=${escaped}`)).status, 200, format);
  }
});

test('each interaction of each type', async () => {
  await inEach(async ({ type, interaction }) => {
    for (const { code } of interaction) {
      assert.ok(INTERACTIONS[code], `no walk for ${type} ${code}`);
      await INTERACTIONS[code](type);
    }
  });
});

test('each search parameter of each type finds, and does not find', async () => {
  await inEach(async ({ type, searchParam }) => {
    const walks = PARAMS[type](known[type] ?? (await anEvent()));
    const names = searchParam.map(({ name }) => name).sort();
    assert.deepEqual(names, Object.keys(walks).sort(), type);
    for (const [name, [hit, miss]] of Object.entries(walks)) {
      const query = (value) => `${name}=${encodeURIComponent(value)}`;
      const found = await must(`/${type}?${query(hit)}&_count=100`);
      const ids = found.entry.map(({ resource }) => resource.id);
      if (known[type]) assert.ok(ids.includes(known[type].id), `${type} ${name}`);
      const none = await must(`/${type}?${query(miss)}`);
      assert.equal(none.entry, undefined, `${type} ${name}=${miss}`);
    }
  });
});

test('each prefix of a date', async () => {
  const dates = {
    eq: '2026-11-22T10:05', ne: '2026-11-23', lt: '2026-11-23', gt: '2026-11-21', le: '2026-11-22',
    ge: '2026-11-22', sa: '2026-11-21', eb: '2026-11-23', ap: '2026-11-22T10:05',
  };
  for (const [prefix, date] of Object.entries(dates)) {
    assert.ok((await count('Observation', `patient=walk&date=${prefix}${date}`)) > 0, prefix);
  }
});

test('the operations', async () => {
  await inEach(async ({ type, operation = [] }) => {
    const names = operation.map(({ name }) => name);
    assert.deepEqual(names, type === 'Observation' ? ['lastn'] : []);
  });
  const last = await must('/Observation/$lastn?patient=walk&code=http://loinc.org|8867-4');
  assert.equal(last.entry.length, 1);
});

test('the compartment of a patient', async () => {
  assert.deepEqual((await declared()).compartment, ['http://hl7.org/fhir/CompartmentDefinition/patient']);
  const found = await must('/Patient/walk/Observation?date=2026-11-22T10:05');
  assert.deepEqual(found.entry.map(({ resource }) => resource.id), [known.Observation.id]);
});

test('batch and transaction are all that the system does', async () => {
  const codes = (await declared()).interaction.map(({ code }) => code).sort();
  assert.deepEqual(codes, ['batch', 'transaction']);
  for (const type of codes) {
    const body = bundle(type, posting(heartRate('walk', 7, 68)));
    assert.equal((await must('', { method: 'POST', body })).type, `${type}-response`);
  }
});

test('versions: counted, the current one alone is kept', async () => {
  await inEach(async ({ type, versioning, readHistory }) => {
    if (!versioning || type === 'AuditEvent') return;
    assert.deepEqual([versioning, readHistory], ['versioned', false]);
    if (type === 'Observation') return;
    await put(type, 'walk-versions');
    await put(type, 'walk-versions', { language: 'en' });
    assert.equal((await ask(`/${type}/walk-versions/_history/2`)).status, 200);
    assert.equal((await ask(`/${type}/walk-versions/_history/1`)).status, 404);
  });
});

test('conditions: create by If-None-Exist, update by identifier, update that creates', async () => {
  await inEach(async (resource) => {
    const { type, conditionalCreate, conditionalUpdate, updateCreate } = resource;
    if (type === 'AuditEvent') return;
    const identifier = [{ system: 'urn:test:walk', value: `condition-${type}` }];
    const query = `identifier=urn:test:walk|condition-${type}`;
    const body = type === 'Observation'
      ? { ...heartRate('walk', 8, 69), identifier } : { resourceType: type, identifier };
    const changing = type !== 'Observation';
    assert.deepEqual([conditionalCreate, conditionalUpdate, updateCreate], [true, changing, changing]);
    const create = () =>
      ask(`/${type}`, { method: 'POST', body, headers: { 'if-none-exist': query } });
    assert.deepEqual([(await create()).status, (await create()).status], [201, 200]);
    const update = await ask(`/${type}?${encodeURI(query)}`, { method: 'PUT', body });
    assert.equal(update.status, changing ? 200 : 405);
    const putting = await ask(`/${type}/walk-new`, { method: 'PUT', body: { ...body, id: 'walk-new',
      identifier: undefined } });
    assert.equal(putting.status, changing ? 201 : 405);
  });
});

test('what is not declared is refused, with an outcome', async () => {
  await inEach(async ({ type, interaction, conditionalDelete }) => {
    const codes = interaction.map(({ code }) => code);
    const { id } = known[type] ?? (await anEvent());
    const body = known[type] ?? { resourceType: type, id };
    for (const [code, target, method, statuses] of [
      ['delete', `/${type}/${id}`, 'DELETE', [405]],
      ['patch', `/${type}/${id}`, 'PATCH', [405]],
      ['update', `/${type}/${id}`, 'PUT', [404, 405]],
      ['create', `/${type}`, 'POST', [404, 405]],
      ['history-instance', `/${type}/${id}/_history`, 'GET', [404]],
      ['history-type', `/${type}/_history`, 'GET', [400, 404]],
    ]) {
      if (codes.includes(code)) continue;
      const answer = await ask(target, { method, body: method === 'GET' ? undefined : body });
      assert.ok(statuses.includes(answer.status), `${type} ${code}: ${answer.status}`);
      assertOutcome(answer.json);
    }
    assert.ok(conditionalDelete === undefined || conditionalDelete === 'not-supported');
    const unknown = await ask(`/${type}?colour=red`);
    assert.equal(unknown.status, 400);
    assertOutcome(unknown.json);
  });
  assert.equal((await ask('/_history')).status, 404);
  assert.equal((await ask('/?_id=walk')).status, 404);
});
