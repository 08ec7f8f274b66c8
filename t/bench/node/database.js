// Copyright (C) the Pupil authors
//
// PostgreSQL and keys: the statements that Pupil composes, each request's in
// one round trip; owner keys cached.  The tenant of row-level security is set
// with the connection, as there is one.

import postgres from 'postgres'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { facts, factsAre, open, seal, subkey, unwrap, uuid } from './vault.js'

const config = JSON.parse(readFileSync(process.env.BENCH_CONFIG))
const statements = config.statements
const CACHE = 8192

export const tenantText = config.tenant
export const tenant = uuid(tenantText)

// As those of Pupil's sessions: "SET name = value;...".
const settings = Object.fromEntries(statements.session.split(';')
  .map((set) => set.match(/^SET (\w+) = (.+)$/).slice(1)))

function connect (to, max) {
  return postgres({ ...to, max, fetch_types: false, prepare: true, idle_timeout: 0,
    connection: { application_name: 'node', TimeZone: 'UTC', ...settings,
      'pupil.tenant': tenantText,
      'pupil.day': String(Math.floor(Date.now() / 86400000)) },
    types: { date: { to: 1184, from: [1082, 1114, 1184], serialize: (x) => x,
      parse: (x) => x } } })
}

const data = connect(config.database, config.connections)
const keys = connect(config.keystore, 2)

const PREPARE = { prepare: true }

function execute (sql, { sql: text, oids }, values) {
  return sql.unsafe(text, values.map((v, i) => data.typed(v, oids[i])), PREPARE).values()
    .execute()
}

const run = (sql, name, values) => execute(sql, statements[name], values)

// A statement by its name: its columns, and what the facts of its records say.
export function statement (name) {
  const { columns, facts_of: category } = statements[name]
  return { name, columns, category, of: statements.facts[category] }
}

// make(run) calls run(name, values) for each statement; all go out at once.
// Those that read need no transaction around them; one that writes an audit
// record is on disk when it gives its rows.
export function read (make) {
  const sent = []
  make((name, values) => sent.push(run(data, name, values)))
  return Promise.all(sent)
}

// The same in one transaction, on a connection of its own.
export async function transaction (make) {
  const sql = await data.reserve()
  const sent = [sql.unsafe('BEGIN').execute()]
  make((name, values) => sent.push(run(sql, name, values)))
  sent.push(sql.unsafe('COMMIT').execute())
  const done = await Promise.allSettled(sent)
  sql.release()
  const failed = done.find((d) => d.status === 'rejected')
  if (failed) throw failed.reason
  return done.slice(1, -1).map((d) => d.value)
}

// Keys

const { floors: FLOORS, owner_keys: OWNER_KEYS, owner_keys_ask: OWNER_KEYS_ASK,
  service_keys: SERVICE_KEYS, tenant_keys: TENANT_KEYS } = statements.fixed

const service = new Map()
let tenantKey, tenantVersion

export const serviceKey = (name) => service.get(name)

// With fetch_types off, reserve() waits for ever on a connection that is not
// open yet: so all of them are opened before.
export async function connectionsOpen () {
  await Promise.all(Array.from({ length: config.connections }, () => data`SELECT 1`))
}

export async function keysLoad () {
  const [, epoch, hex] = readFileSync(config.kek, 'utf8').trim().split(' ')
  const [[own], rows] = await Promise.all([
    execute(keys, TENANT_KEYS, ['1', tenantText, new Date().toISOString()]),
    execute(keys, SERVICE_KEYS, ['1', tenantText])])
  const { version, wrapped } = TENANT_KEYS.columns
  tenantVersion = own[version]
  tenantKey = unwrap(Buffer.from(hex, 'hex'), 'tenant',
    { tenant, version: tenantVersion, parentVersion: +epoch }, own[wrapped])
  const { name: nameAt, wrapped: keyAt } = SERVICE_KEYS.columns
  for (const row of rows) {
    const name = row[nameAt]
    service.set(name, unwrap(tenantKey, 'service', { tenant, name, version: 1,
      parentVersion: tenantVersion }, row[keyAt]))
  }
}

// Of a person, and whether the session was ended.
export async function floors (subject, hash) {
  const { session, authority, ended } = FLOORS.columns
  const [row] = await execute(keys, FLOORS, ['1', tenantText, subject, hash])
  return { session: row[session], authority: row[authority], ended: row[ended] !== 0 }
}

const owners = new Map()

// Fetches those that are not cached, at once.
export async function ownersNeed (ids) {
  const missing = ids.filter((id) => !owners.has(id))
  if (missing.length === 0) return

  // The record of asking is committed first, on the same connection.
  const asked = ['1', randomUUID(), `{${[...new Set(missing)].sort()}}`]
  const own = await keys.reserve()
  const rows = await Promise.all([execute(own, OWNER_KEYS_ASK, asked),
    execute(own, OWNER_KEYS, asked)])
    .then((results) => results[1]).finally(() => own.release())
  const { owner, state, version, wrapped, authority } = OWNER_KEYS.columns
  for (const row of rows) {
    if (owners.size >= CACHE) owners.delete(owners.keys().next().value)
    if (row[state] !== 'active') continue
    const id = uuid(row[owner])
    owners.set(row[owner], { id, version: row[version], floor: row[authority], subkeys: {},
      key: unwrap(tenantKey, 'owner', { tenant, id, version: row[version],
        parentVersion: tenantVersion }, row[wrapped]) })
  }
}

// The floor of somebody whose key is here.
export const floor = (id) => owners.get(id)?.floor ?? Infinity

// row: has the owner's id, state and version, as the data know them, at `at`
function held (row, at) {
  const owner = owners.get(row[at])
  if (!owner || row[at + 1] !== 'active' || owner.version !== row[at + 2]) {
    throw new Error('no key')
  }
  return owner
}

const ownerKey = (owner, category) => (owner.subkeys[category] ??= subkey(owner.key, category))

export function value (row, at, category, field, record, sealed) {
  if (sealed === null) return ''
  const owner = held(row, at)
  return open(ownerKey(owner, category), tenant, owner.id, category, field, record,
    owner.version, sealed)
}

export function sealed (row, at, category, field, record, text) {
  const owner = held(row, at)
  return seal(ownerKey(owner, category), tenant, owner.id, category, field, record,
    owner.version, text)
}

// Is a record what was stored, of a statement that reads its facts?
export function intact (st, record, row, ownerRow, at) {
  const owner = held(ownerRow, at)
  return factsAre(ownerKey(owner, st.category), tenant, owner.id, st.category, record,
    owner.version, st.of, row, st.columns)
}

// The facts of a record that is to be stored.
export function factsOf (row, at, category, record, values) {
  const owner = held(row, at)
  return facts(ownerKey(owner, category), tenant, owner.id, category, record, owner.version,
    statements.facts[category], values)
}
