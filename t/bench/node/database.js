// Copyright (C) the Pupil authors
//
// PostgreSQL and keys: the statements that Pupil composes, each request's in
// one transaction that postgres.js pipelines; owner keys cached.

import postgres from 'postgres'
import { readFileSync } from 'node:fs'
import { open, subkey, unwrap, uuid } from './vault.js'

const config = JSON.parse(readFileSync(process.env.BENCH_CONFIG))
const statements = config.statements
const CACHE = 8192

export const tenantText = config.tenant
export const tenant = uuid(tenantText)

function connect (to, max) {
  return postgres({ ...to, max, fetch_types: false, prepare: true, idle_timeout: 0,
    connection: { application_name: 'node', plan_cache_mode: 'force_generic_plan' },
    types: { date: { to: 1184, from: [1082, 1114, 1184], serialize: (x) => x,
      parse: (x) => x } } })
}

const data = connect(config.database, config.connections)
const keys = connect(config.keystore, 2)

function typed (name, values) {
  const { oids } = statements[name]
  return values.map((v, i) => data.typed(v, oids[i]))
}

const TENANT = 'SELECT pg_catalog.set_config(\'pupil.tenant\', $1, true)'

// One transaction; make(run) calls run(name, values) for each statement.
export function transaction (make) {
  return data.begin((sql) => {
    const run = (name, values) =>
      sql.unsafe(statements[name].sql, typed(name, values), { prepare: true }).values()
    const first = sql.unsafe(TENANT, [tenantText], { prepare: true })
    const rest = make(run)
    return Array.isArray(rest) ? Promise.all([first, ...rest]).then((r) => r.slice(1))
                               : first.then(() => rest)
  })
}

export const column = (name, want) => statements[name].columns[want]

// Keys

const service = new Map()
let tenantKey, tenantVersion

export const serviceKey = (name) => service.get(name)

export async function keysLoad () {
  const [, epoch, hex] = readFileSync(config.kek, 'utf8').trim().split(' ')
  const rows = await keys.begin((sql) => [
    sql.unsafe(TENANT, [tenantText]),
    sql`SELECT version, wrapped FROM keystore.tenant_key WHERE tenant = ${tenantText}`,
    sql`SELECT name, wrapped FROM keystore.service_key WHERE tenant = ${tenantText}`])
  tenantVersion = rows[1][0].version
  tenantKey = unwrap(Buffer.from(hex, 'hex'), 'tenant',
    { tenant, version: tenantVersion, parentVersion: +epoch }, rows[1][0].wrapped)
  for (const row of rows[2]) {
    service.set(row.name, unwrap(tenantKey, 'service', { tenant, name: row.name,
      version: 1, parentVersion: tenantVersion }, row.wrapped))
  }
}

const owners = new Map()

// Fetches those that are not cached, at once.
export async function ownersNeed (ids) {
  const missing = [...new Set(ids)].filter((id) => !owners.has(id)).sort()
  if (missing.length === 0) return

  const [, rows] = await keys.begin((sql) => [
    sql.unsafe(TENANT, [tenantText], { prepare: true }),
    sql.unsafe('SELECT owner, state, version, wrapped FROM keystore.fetch_owner_keys($1)',
      [keys.typed(`{${missing}}`, 2951)], { prepare: true })])
  for (const row of rows) {
    if (owners.size >= CACHE) owners.delete(owners.keys().next().value)
    if (row.state !== 'active') continue
    owners.set(row.owner, { version: row.version, subkeys: {}, key: unwrap(tenantKey,
      'owner', { tenant, id: uuid(row.owner), version: row.version,
        parentVersion: tenantVersion }, row.wrapped) })
  }
}

// owner: [id, state, version] as the data row has it
export function ownerKey (owner, category) {
  const held = owners.get(owner[0])
  if (!held || owner[1] !== 'active' || held.version !== owner[2]) {
    throw new Error('no key')
  }
  return (held.subkeys[category] ??= subkey(held.key, category))
}

export function value (owner, category, field, record, sealed) {
  if (sealed === null) return ''
  return open(ownerKey(owner, category), { tenant, owner: uuid(owner[0]), category, field,
    record: uuid(record), version: owner[2] }, sealed).toString()
}
