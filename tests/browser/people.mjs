// SPDX-License-Identifier: Apache-2.0
// Who lies in the beds, and how they come into the server. The names are made up, and long enough not
// to be found by chance.
export const people = [
  { id: 'pat-7101', given: 'Ottilie', family: 'Wohlgemuth', birth: '1941-03-07' },
  { id: 'pat-7102', given: 'Anselm', family: 'Quartermain', birth: '1956-11-30' },
  { id: 'pat-7103', given: 'Perpetua', family: 'Zimmerling', birth: '1988-06-21' },
  { id: 'pat-7104', given: 'Leocadia', family: 'Brandvold', birth: '1969-01-15' },
];

export const patient = ({ id, given, family, birth }) => ({
  resourceType: 'Patient', id, name: [{ use: 'official', given: [given], family }], birthDate: birth,
});

/** Takes resources in, all of them or none: those with an id at that id, others as new ones. */
export async function put(ward, resources) {
  const body = { resourceType: 'Bundle', type: 'transaction', entry: resources.map((resource) => ({
    resource, request: resource.id ? { method: 'PUT', url: `${resource.resourceType}/${resource.id}` }
      : { method: 'POST', url: resource.resourceType } })) };
  const { code, err, out } = await ward.post(ward.server, '/fhir', await ward.readerFile(), body);
  if (code !== 0) throw new Error(`put: ${err} ${out}`);
}
