/*
 * Copyright (C) the Pupil authors
 *
 * Checks docs/openapi.yaml, and real answers against it.  Called by
 * t/openapi.t:
 *
 *     node openapi.mjs lint FILE          one line a fault
 *     node openapi.mjs list FILE          "METHOD path" a line
 *     node openapi.mjs check FILE <LINES  a line of JSON a case:
 *         {"operation":"GET /v1/session","status":200,"headers":{...},
 *          "body":"...","request":"...","request_valid":true}
 *       and one line out for each: a JSON array of faults.
 *
 * "x-granted" members count as required: the tests narrow no grant here.
 */

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parse } from 'yaml';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { Validator } from '@seriousme/openapi-schema-validator';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const COMMON = ['x-request-id', 'cache-control', 'x-content-type-options'];

const [command, file] = process.argv.slice(2);
const doc = parse(readFileSync(file, 'utf8'), { maxAliasCount: 1000 });

const operations = Object.entries(doc.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]).map((method) => ({
    name: `${method.toUpperCase()} ${path}`, path, item,
    operation: item[method],
  })));


/* The object behind a reference, if it is one. */
function resolve(value) {
  let found = value;

  while (found?.$ref) {
    found = found.$ref.slice(2).split('/').reduce(
      (at, key) => at[key.replaceAll('~1', '/').replaceAll('~0', '~')], doc);
  }

  return found;
}


function strict(value) {
  if (Array.isArray(value)) {
    return value.map(strict);
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }

  const copy = Object.fromEntries(Object.entries(value)
    .filter(([key]) => key !== 'x-granted')
    .map(([key, part]) => [key, strict(part)]));

  if (value['x-granted']) {
    copy.required = [...(copy.required ?? []), ...value['x-granted']];
  }

  return copy;
}


const ajv = new Ajv2020({ allErrors: true, strict: false });
addFormats(ajv);
ajv.addKeyword({ keyword: 'x-maxBytes', type: 'string', schemaType: 'number',
  validate: (most, text) => Buffer.byteLength(text) <= most });
ajv.addSchema({ $id: 'https://pupil.invalid/doc', components: strict(doc.components) });

const compiled = new Map();

function faultsOf(schema, value) {
  if (!compiled.has(schema)) {
    const text = JSON.stringify(strict(schema))
      .replaceAll('"$ref":"#/', '"$ref":"https://pupil.invalid/doc#/');
    compiled.set(schema, ajv.compile(JSON.parse(text)));
  }

  const validate = compiled.get(schema);

  return validate(value) ? []
    : validate.errors.map((e) => `${e.instancePath || '/'} ${e.message} `
                                 + JSON.stringify(e.params));
}


/* ---- lint ---- */

function references(value, found = []) {
  if (value && typeof value === 'object') {
    if (typeof value.$ref === 'string') {
      found.push(value.$ref);
    }
    Object.values(value).forEach((part) => references(part, found));
  }
  return found;
}


function lintOperation({ name, operation }, say, ids) {
  const codes = Object.keys(operation.responses);
  const open = operation.security?.length === 0;

  for (const member of ['operationId', 'summary', 'tags']) {
    if (!operation[member]?.length) {
      say(`${name}: no ${member}`);
    }
  }
  if (ids.has(operation.operationId)) {
    say(`${name}: operationId ${operation.operationId} is there twice`);
  }
  ids.add(operation.operationId);

  if (!codes.some((code) => /^[23]/.test(code))) {
    say(`${name}: no success`);
  }
  if (!codes.includes('default')) {
    say(`${name}: no default`);
  }
  if (!open && !codes.includes('401')) {
    say(`${name}: needs a session and has no 401`);
  }
  if (operation.requestBody
      && !['400', '415', '422'].every((code) => codes.includes(code))) {
    say(`${name}: takes a body and lacks 400, 415 or 422`);
  }

  for (const [code, response] of Object.entries(operation.responses)) {
    const headers = Object.keys(resolve(response)?.headers ?? {})
      .map((header) => header.toLowerCase());

    for (const header of COMMON) {
      if (!headers.includes(header)) {
        say(`${name} ${code}: no header ${header}`);
      }
    }
  }
}


async function lint() {
  const faults = [];
  const say = (text) => faults.push(text);
  const ids = new Set();
  const tags = new Set(doc.tags.map((tag) => tag.name));
  const used = new Set();
  const result = await new Validator().validate(structuredClone(doc));

  if (!result.valid) {
    say(`not OpenAPI: ${JSON.stringify(result.errors)}`);
  }

  for (const reference of references(doc)) {
    used.add(reference);
    if (resolve({ $ref: reference }) === undefined) {
      say(`${reference} leads nowhere`);
    }
  }

  for (const [kind, parts] of Object.entries(doc.components)) {
    for (const name of Object.keys(parts)) {
      /* answers what is no operation */
      if (kind !== 'securitySchemes' && name !== 'MethodNotAllowed'
          && !used.has(`#/components/${kind}/${name}`)) {
        say(`components/${kind}/${name} is never used`);
      }
    }
  }

  for (const each of operations) {
    lintOperation(each, say, ids);
    for (const tag of each.operation.tags ?? []) {
      if (!tags.has(tag)) {
        say(`${each.name}: unknown tag ${tag}`);
      }
    }
    for (const [, name] of each.path.matchAll(/\{(\w+)\}/g)) {
      const parameters = [...(each.item.parameters ?? []),
                          ...(each.operation.parameters ?? [])].map(resolve);
      if (!parameters.some((p) => p.in === 'path' && p.name === name)) {
        say(`${each.name}: no parameter ${name}`);
      }
    }
  }

  try {
    for (const name of Object.keys(doc.components.schemas)) {
      ajv.getSchema(`https://pupil.invalid/doc#/components/schemas/${name}`);
    }
  } catch (error) {
    say(`a schema does not compile: ${error.message}`);
  }

  return faults;
}


/* ---- real answers ---- */

function check(line) {
  const found = operations.find(({ name }) => name === line.operation);

  if (!found) {
    return [`no operation ${line.operation}`];
  }

  const { operation } = found;
  const code = String(line.status);
  const response = resolve(
    operation.responses[code]
    ?? (code === '405' ? doc.components.responses.MethodNotAllowed
        : code === '413' ? doc.components.responses.TooLarge
          : operation.responses.default));
  const faults = [];

  if (line.status < 400 && !operation.responses[code]) {
    faults.push(`the document has no ${code}`);
  }

  for (const [name, reference] of Object.entries(response.headers ?? {})) {
    const header = resolve(reference);
    const value = line.headers[name.toLowerCase()];

    if (value === undefined) {
      if (header.required) {
        faults.push(`no header ${name}`);
      }
    } else {
      faults.push(...faultsOf(header.schema, value)
        .map((fault) => `header ${name}: ${fault}`));
    }
  }

  const type = (line.headers['content-type'] ?? '').split(';')[0];
  const types = Object.keys(response.content ?? {});

  if (types.length === 0) {
    if (line.body !== '') {
      faults.push('there is a body');
    }
  } else if (!types.includes(type)) {
    faults.push(`Content-Type ${type}, not ${types.join(' or ')}`);
  } else {
    let value = line.body;

    if (type.endsWith('json')) {
      try {
        value = JSON.parse(line.body);
      } catch {
        return [...faults, 'the body is no JSON'];
      }
    }
    faults.push(...faultsOf(response.content[type].schema, value));
  }

  if (line.request !== undefined) {
    const schema = operation.requestBody?.content['application/json'].schema;
    const wrong = faultsOf(schema, JSON.parse(line.request));

    if (line.request_valid && wrong.length > 0) {
      faults.push(...wrong.map((fault) => `the request: ${fault}`));
    }
    if (!line.request_valid && wrong.length === 0) {
      faults.push('the request is valid by the document, and was refused');
    }
  }

  return faults;
}


switch (command) {
case 'lint':
  (await lint()).forEach((fault) => console.log(fault));
  break;
case 'list':
  operations.forEach(({ name }) => console.log(name));
  break;
case 'check':
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(check(JSON.parse(line))));
  }
  break;
default:
  console.error('usage: openapi.mjs lint|list|check FILE');
  process.exitCode = 2;
}
