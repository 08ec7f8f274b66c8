// Copyright (C) the Pupil authors
//
// What a school would otherwise write: Fastify, postgres.js and libsodium, one
// process a core, doing the same work as Pupil: the session checked, the same
// statements, the same fields opened, the audit record durable before the
// answer, the same JSON.

import cluster from 'node:cluster'
import { readFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import Fastify from 'fastify'
import { column, keysLoad, ownerKey, ownersNeed, serviceKey, tenant, tenantText,
  transaction, value } from './database.js'
import { keyed, mac, same, seal, str, uuid } from './vault.js'

const config = JSON.parse(readFileSync(process.env.BENCH_CONFIG))
const NETWORK = '127.0.0.0/24'
const NO_ID = '00000000-0000-0000-0000-000000000000'
const SESSION_VALID = 15000
const LIST = 'homework_pupil_list'

const nonce = () => '1'
const common = (s, request) => [nonce(), tenantText, request, s.subject, s.role,
  s.institution, NETWORK]
const time = (text) => text.replace(' ', 'T').replace('+00', 'Z')
const micros = (text) => {
  const [, whole, part = ''] = /^(.*?)(?:\.(\d+))?\+00$/.exec(text)
  return Date.parse(whole + 'Z') * 1000 + +part.padEnd(6, '0')
}

// Sessions, with a cache in front as Pupil's zone is

const sessions = new Map()

async function session (request) {
  const text = /(?:^|; *)__Host-pupil=([A-Za-z0-9_-]{43})(?:;|$)/
    .exec(request.headers.cookie ?? '')?.[1]
  if (!text) return null
  const token = Buffer.from(text, 'base64url')
  const hash = keyed(serviceKey('token'), 'pupil.session.v1', [token])
  const id = hash.toString('base64')
  const known = sessions.get(id)
  if (known && known.until > Date.now()) return known

  const [[row]] = await transaction((run) => [run('session load',
    [nonce(), tenantText, randomUUID(), null, 'none', null, NETWORK, hash])])
  const key = serviceKey('mac')
  if (row[1] === null) return null
  const times = [row[4], row[5], row[6]].map(micros)
  if (!same(mac.session(key, tenant, hash, [row[1], row[2], row[3], ...times]), row[7]) ||
      !same(mac.role(key, tenant, row.slice(8, 14)), row[14]) ||
      !same(mac.subject(key, tenant, row.slice(15, 18)), row[18]) ||
      row[16] !== 'active' || row[19] === 'erased' || times[2] < Date.now() * 1000) {
    return null
  }
  const made = { subject: row[1], role: row[2], institution: row[3], token,
    until: Date.now() + SESSION_VALID }
  sessions.set(id, made)
  return made
}

function csrf (request, s) {
  const made = keyed(serviceKey('token'), 'pupil.csrf.v1', [s.token])
  return same(made, Buffer.from(request.headers['x-pupil-csrf'] ?? '', 'base64url'))
}

// Evidence: classes of authentic enrolments

const authentic = (row, at) => row[at] !== null && same(mac.enrolment(serviceKey('mac'),
  tenant, row.slice(at, at + 8)), row[at + 8])

function classes (rows) {
  const all = new Map()
  for (const row of rows) {
    if (authentic(row, 1)) all.set(row[3], row.slice(10, 13))
  }
  return all
}

// The parts of answers

function score (rows, owner, name, exercises, at) {
  const ids = new Set(exercises.map((e) => e.id))
  let sum = null, done = 0, count = 0, last = null
  for (const row of rows) {
    if (!ids.has(row[column(name, 'progress.exercise_id')])) continue
    const result = row[column(name, 'progress.result')]
    const raw = result === null ? undefined : JSON.parse(value(owner, 'progress', 'result',
      row[1], result)).score?.raw
    if (raw !== undefined) sum = (sum ?? 0) + raw
    count++
    if (row[column(name, 'progress.done')]) done++
    if (last === null || row[at] > last) last = row[at]
  }
  return { status: count === 0 ? 'not_started' : done >= exercises.length ? 'completed'
    : 'in_progress', score: sum, exercises_done: done,
  updated_at: last === null ? null : time(last) }
}

const name = (owner, row, st) => ['given_name', 'family_name'].map((f) => value(owner,
  'identity', f, owner[0], row[column(st, `identity.${f}`)])).filter((n) => n).join(' ') || null

function homework (row, owner, st = LIST) {
  const teacher = row.slice(14, 17)
  const get = (field) => value(owner, 'homework', field, row[1],
    row[column(st, `homework.${field}`)])
  const description = row[column(st, 'homework.description')]
  return { id: row[1], title: get('title'),
    ...(description === null ? {} : { description: get('description') }),
    class: { id: owner[0], title: value(owner, 'enrolment', 'class_title', owner[0],
      row[column(st, 'enrolment.class_title')]) },
    assigned_at: time(row[column(st, 'homework.assigned_at')]),
    due_at: time(row[column(st, 'homework.due_at')]),
    assigned_by: { display_name: authentic(row, 5) ? name(teacher, row, st) : null },
    exercises: JSON.parse(get('exercises')) }
}

const page = (one) => {
  const now = new Date().toISOString()
  return one ? [true, now, '1970-01-01T00:00:00Z', NO_ID, '1', one]
             : [false, now, now, NO_ID, '50', null]
}

// Reads, and in the same transaction the audit record of who was read about.
function audited (base, name, make, subjects) {
  return transaction(async (run) => {
    const results = await Promise.all(make(run))
    const ids = new Set(subjects(results).filter((id) => id !== null))
    await run(`record of ${name}`, [...base, 'allowed', `{${[...ids]}}`, null])
    return results
  })
}

async function list (request, reply) {
  const s = await session(request)
  if (s?.role !== 'pupil') return reply.code(401).send({ status: 401 })
  const base = common(s, randomUUID())
  const [evidence, progress, rows] = await audited(base, LIST, (run) => [
    run('homework_evidence', [...base, null]),
    run('homework_pupil_progress', [...base, ...page()]),
    run(LIST, [...base, ...page()])], (r) => r[2].map((row) => row[14]))
  const mine = classes(evidence)
  const shown = rows.filter((r) => r[1] !== null && mine.has(r[2]))
  await ownersNeed([...shown.flatMap((r) => [r[2], ...(r[14] ? [r[14]] : [])]), s.subject])

  return { homework: shown.map((row) => {
    const item = homework(row, mine.get(row[2]))
    const own = progress.filter((p) => p[2] === row[1])
    const { status, score: sum, ...rest } = score(own, own[0]?.slice(4, 7),
      'homework_pupil_progress', item.exercises, 3)
    const max = item.exercises.reduce((a, e) => e.max_score === undefined ? a
      : (a ?? 0) + e.max_score, null)
    return { ...item, progress: { status, score: sum, max_score: max, ...rest } }
  }), next: null }
}

async function overview (request, reply) {
  const s = await session(request)
  if (s?.role !== 'teacher') return reply.code(401).send({ status: 401 })
  const base = common(s, randomUUID())
  const id = request.params.id
  const [evidence, pupils, results, rows] = await audited(base, 'homework_overview', (run) => [
    run('homework_evidence', [...base, null]),
    run('homework_overview', [...base, id]),
    run('homework_results', [...base, id]),
    run('homework_teacher_list', [...base, ...page(id)])],
  (r) => r[1].map((row) => row[10]))
  const mine = classes(evidence)
  const row = rows[0]
  if (!mine.has(row[2])) return reply.code(404).send({ status: 404 })
  const live = pupils.filter((p) => authentic(p, 1) && p[3] === row[2])
  await ownersNeed([row[2], ...(row[14] ? [row[14]] : []), ...live.map((p) => p[10])])

  const item = homework(row, mine.get(row[2]), 'homework_teacher_list')
  const of = new Map()
  for (const r of results) of.get(r[2])?.push(r) ?? of.set(r[2], [r])
  const list = live.map((p) => ({ id: p[10], display_name: name(p.slice(10, 13), p,
    'homework_overview'), ...score(of.get(p[10]) ?? [], p.slice(10, 13),
    'homework_results', item.exercises, 3) }))
  const count = (status) => list.filter((p) => p.status === status).length
  return { homework: item, pupils: list, summary: { pupils: list.length,
    completed: count('completed'), in_progress: count('in_progress') } }
}

// An enrolment without end, in days
const NO_DATE = 2147483647

const array = (values) => `{${values.map((v) => v === null ? 'NULL'
  : `"${Buffer.isBuffer(v) ? '\\\\x' + v.toString('hex') : v}"`)}}`

async function submit (request, reply) {
  const s = await session(request)
  if (s?.role !== 'pupil' || !csrf(request, s)) return reply.code(401).send({ status: 401 })
  const items = Array.isArray(request.body) ? request.body : [request.body]
  const base = common(s, randomUUID())
  const [evidence] = await transaction((run) => [run('progress_evidence', base)])
  const owner = evidence[0].slice(1, 4)
  const proofs = evidence.filter((r) => authentic(r, 4))
  await ownersNeed([s.subject])

  const key = ownerKey(owner, 'progress')
  const sealed = (item, field, text) => seal(key, { tenant, owner: uuid(s.subject),
    category: 'progress', field, record: uuid(item.id), version: owner[2] }, text)
  const results = items.map(({ score, success, completion, duration, timestamp }) =>
    JSON.stringify({ score, success, completion, duration, timestamp }))
  const [, done] = await transaction((run) => [
    run('progress_lock', [...base, ...[0, 4].map((at) =>
      String(uuid(s.subject).readInt32BE(at)))]),
    run('progress_submit', [...base, array(items.map((i) => i.id)),
      array(items.map((i) => i.homework_id)), array(items.map((i) => i.exercise_id)),
      array(items.map((i) => sealed(i, 'answer', JSON.stringify(i.answer)))),
      array(items.map((i, n) => sealed(i, 'result', results[n]))),
      array(items.map((i) => keyed(serviceKey('fingerprint'), 'pupil.fingerprint.v1',
        [str(JSON.stringify(i))]))),
      array(items.map((i) => i.completion !== false ? 1 : 0)), String(owner[2]),
      ...[4, 6, 9, 10, 11, 12].map((c) => array(proofs.map((r) =>
        c === 10 ? r[c] ?? NO_DATE : r[c]))), '1'])])
  if (!Array.isArray(request.body)) {
    const code = { stored: 201, replayed: 200, conflict: 409, refused: 404 }[done[0][1]]
    return reply.code(code).send({ id: items[0].id, status: done[0][1] })
  }
  return { results: items.map((i, n) => ({ id: i.id, status: done[n][1] })) }
}

if (cluster.isPrimary) {
  for (let i = 0; i < config.processes; i++) cluster.fork()
} else {
  await keysLoad()
  const app = Fastify({ https: { cert: readFileSync(config.cert),
    key: readFileSync(config.key) }, logger: false, keepAliveTimeout: 60000 })
  app.addHook('onSend', async (request, reply) => {
    reply.headers({ 'X-Request-Id': request.id, 'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff' })
  })
  app.get('/v1/homework', list)
  app.get('/v1/homework/:id/progress', overview)
  app.post('/v1/progress', submit)
  app.get('/ready', async () => ({ status: 'ok' }))
  await app.listen({ port: config.port, host: '127.0.0.1' })
}
