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
import { column, connectionsOpen, keysLoad, ownersNeed, read, sealed, serviceKey, tenant,
  tenantText, transaction, value } from './database.js'
import { enrolmentIs, keyed, mac, same, str, uuid } from './vault.js'

const config = JSON.parse(readFileSync(process.env.BENCH_CONFIG))
const NETWORK = '127.0.0.0/24'
const NO_ID = '00000000-0000-0000-0000-000000000000'
const SESSION_VALID = 15000
const LIST = 'homework_pupil_list'
const OWN = 'homework_pupil_progress'
const OVERVIEW = 'homework_overview'
const RESULTS = 'homework_results'

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

  const [[row]] = await read((run) => run('session load',
    [nonce(), tenantText, randomUUID(), null, 'none', null, NETWORK, hash]))
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

// Evidence: classes of authentic enrolments, by id the row that has the class
// as owner

const authentic = (row, at) => row[at] !== null &&
  enrolmentIs(serviceKey('mac'), tenant, row, at)

function classes (rows) {
  const all = new Map()
  for (const row of rows) {
    if (authentic(row, 1)) all.set(row[3], row)
  }
  return all
}

// What comes more than once in an answer is worked out once.
function once (make) {
  const known = new Map()
  return (id, row) => {
    if (!known.has(id)) known.set(id, make(row))
    return known.get(id)
  }
}

// The parts of answers

// rows: submissions of one pupil, at: the column of the time
function score (rows, key, keyAt, st, exercises, at) {
  const exercise = column(st, 'progress.exercise_id')
  const done = column(st, 'progress.done')
  const result = column(st, 'progress.result')
  let sum = null, completed = 0, count = 0, last = null
  for (const row of rows) {
    if (!exercises.some((e) => e.id === row[exercise])) continue
    const raw = row[result] === null ? undefined : JSON.parse(value(key ?? row, keyAt,
      'progress', 'result', row[1], row[result])).score?.raw
    if (raw !== undefined) sum = (sum ?? 0) + raw
    count++
    if (row[done]) completed++
    if (last === null || row[at] > last) last = row[at]
  }
  return { status: count === 0 ? 'not_started' : completed >= exercises.length ? 'completed'
    : 'in_progress', score: sum, exercises_done: completed,
  updated_at: last === null ? null : time(last) }
}

const NOBODY = []

function byColumn (rows, at) {
  const all = new Map()
  for (const row of rows) {
    const known = all.get(row[at])
    known ? known.push(row) : all.set(row[at], [row])
  }
  return all
}

const GIVEN = 'identity.given_name', FAMILY = 'identity.family_name'

function name (row, at, st) {
  const part = (field, want) => value(row, at, 'identity', field, row[at], row[column(st, want)])
  const given = part('given_name', GIVEN), family = part('family_name', FAMILY)
  return given && family ? `${given} ${family}` : given || family || null
}

// Makes of a row of a list what is shown of it.
function homeworks (mine, st) {
  const want = (name) => column(st, name)
  const titleAt = want('homework.title'), descriptionAt = want('homework.description')
  const exercisesAt = want('homework.exercises'), classAt = want('enrolment.class_title')
  const assignedAt = want('homework.assigned_at'), dueAt = want('homework.due_at')
  const titleOf = once((row) => value(mine.get(row[2]), 10, 'enrolment', 'class_title',
    row[2], row[classAt]))
  const teacherOf = once((row) => authentic(row, 5) ? name(row, 14, st) : null)

  return (row) => {
    const owner = mine.get(row[2])
    const get = (field, at) => value(owner, 10, 'homework', field, row[1], row[at])
    const item = { id: row[1], title: get('title', titleAt) }
    if (row[descriptionAt] !== null) item.description = get('description', descriptionAt)
    item.class = { id: row[2], title: titleOf(row[2], row) }
    item.assigned_at = time(row[assignedAt])
    item.due_at = time(row[dueAt])
    item.assigned_by = { display_name: row[5] === null ? null : teacherOf(row[5], row) }
    item.exercises = JSON.parse(get('exercises', exercisesAt))
    return item
  }
}

const page = (one) => {
  const now = new Date().toISOString()
  return one ? [true, now, '1970-01-01T00:00:00Z', NO_ID, '1', one]
             : [false, now, now, NO_ID, '50', null]
}

async function list (request, reply) {
  const s = await session(request)
  if (s?.role !== 'pupil') return reply.code(401).send({ status: 401 })
  const base = common(s, randomUUID())
  const asked = [...base, ...page()]
  const [evidence, progress, rows] = await read((run) => {
    run('homework_evidence', [...base, null])
    run(OWN, asked)
    run(`audited ${LIST}`, asked)
  })
  const mine = classes(evidence)
  const shown = rows.filter((r) => r[1] !== null && mine.has(r[2]))
  const needed = [s.subject]
  for (const r of shown) r[14] ? needed.push(r[2], r[14]) : needed.push(r[2])
  await ownersNeed(needed)

  const of = byColumn(progress, column(OWN, 'progress.homework_id'))
  const make = homeworks(mine, LIST)
  return { homework: shown.map((row) => {
    const item = make(row)
    const { status, score: sum, ...rest } = score(of.get(row[1]) ?? NOBODY, null, 3, OWN,
      item.exercises, 2)
    const max = item.exercises.reduce((a, e) => e.max_score === undefined ? a
      : (a ?? 0) + e.max_score, null)
    item.progress = { status, score: sum, max_score: max, ...rest }
    return item
  }), next: null }
}

async function overview (request, reply) {
  const s = await session(request)
  if (s?.role !== 'teacher') return reply.code(401).send({ status: 401 })
  const base = common(s, randomUUID())
  const id = request.params.id
  const [evidence, pupils, results, rows] = await read((run) => {
    run('homework_evidence', [...base, null])
    run(`audited ${OVERVIEW}`, [...base, id])
    run(RESULTS, [...base, id])
    run('homework_teacher_list', [...base, ...page(id)])
  })
  const mine = classes(evidence)
  const row = rows[0]
  if (!mine.has(row[2])) return reply.code(404).send({ status: 404 })
  const live = pupils.filter((p) => authentic(p, 1) && p[3] === row[2])
  await ownersNeed([row[2], ...(row[14] ? [row[14]] : []), ...live.map((p) => p[10])])

  const item = homeworks(mine, 'homework_teacher_list')(row)
  const of = byColumn(results, 2)
  const list = live.map((p) => ({ id: p[10], display_name: name(p, 10, OVERVIEW),
    ...score(of.get(p[10]) ?? NOBODY, p, 10, RESULTS, item.exercises, 3) }))
  const count = (status) => list.filter((p) => p.status === status).length
  return { homework: item, pupils: list, summary: { pupils: list.length,
    completed: count('completed'), in_progress: count('in_progress') } }
}

const array = (values) => `{${values.map((v) => v === null ? 'NULL'
  : `"${Buffer.isBuffer(v) ? '\\\\x' + v.toString('hex') : v}"`)}}`

// An enrolment without end, in days
const NO_DATE = 2147483647

// When an audit record was made; writer, number and MACs are Pupil's own.
const record = () => [new Date().toISOString(), '0', '0', Buffer.alloc(96)]

// What submissions rely on, kept as Pupil keeps it: the statement compares it
// with what is stored, and writes nothing when it is no longer so. Of
// enrolments the columns 4 to 12 of a row; of exercises the class that was
// given them, and the hash of the homework's facts.
const evidences = new Map()
const assigned = new Map()

const keep = (cache, max, id, made) => {
  if (cache.size >= max) cache.delete(cache.keys().next().value)
  cache.set(id, made)
  return made
}

async function evidence (s, base, items) {
  const [rows, given] = await read((run) => {
    run('progress_evidence', base)
    run('progress_assigned', [...base, array([...new Set(items.map((i) => i.homework_id))])])
  })
  const proofs = new Map(rows.filter((r) => authentic(r, 4)).map((r) => [r[6], r]))
  const live = given.filter((r) => proofs.has(r[1]))
  await ownersNeed(live.map((r) => r[1]))
  for (const r of live) {
    // as much work as Pupil's check of the facts
    keyed(serviceKey('fingerprint'), 'facts', [uuid(r[1]), uuid(r[4]), str(r[6])])
    for (const exercise of r[6].slice(1, -1).split(',')) {
      keep(assigned, 16384, r[4] + exercise, { class: r[1], hash: r[5].subarray(-32) })
    }
  }
  return keep(evidences, 4096, s.subject + s.institution, { own: rows[0], proofs })
}

async function store (s, base, items, { own, proofs }) {
  await ownersNeed([s.subject])
  const put = (item, field, value) => sealed(own, 1, 'progress', field, item.id,
    JSON.stringify(value))
  const of = items.map((i) => assigned.get(i.homework_id + i.exercise_id))
  const used = [...new Set(of.filter(Boolean).map((a) => a.class))]
  const rows = used.map((c) => proofs.get(c))
  // As long, and as much work, as Pupil's own, which is all that matters here
  const facts = (i, a) => Buffer.concat([0, 1, 2].map((n) => n < 2 ? Buffer.alloc(32)
    : keyed(serviceKey('fingerprint'), 'facts', [uuid(i.homework_id), uuid(a.class),
      uuid(i.exercise_id), str(i.completion !== false ? '1' : '0')])))
  const id = uuid(s.subject)
  const [, done] = await transaction((run) => {
    run('progress_lock', [...base, String(id.readInt32BE(0)), String(id.readInt32BE(4))])
    run('progress_submit', [...base, array(items.map((i) => i.id)),
      array(items.map((i) => i.homework_id)), array(items.map((i) => i.exercise_id)),
      array(items.map((i) => put(i, 'answer', i.answer))),
      array(items.map((i) => put(i, 'result', { score: i.score, success: i.success,
        completion: i.completion, duration: i.duration, timestamp: i.timestamp }))),
      array(items.map((i) => keyed(serviceKey('fingerprint'), 'pupil.fingerprint.v1',
        [str(JSON.stringify(i))]))),
      array(items.map((i) => i.completion !== false ? 1 : 0)), String(own[3]),
      ...[4, 6, 9, 10, 11, 12].map((c) => array(rows.map((r) => c === 10 ? r[c] ?? NO_DATE
        : r[c]))),
      array(of.map((a) => a ? used.indexOf(a.class) + 1 : 0)),
      array(of.map((a) => a ? a.hash : null)),
      array(items.map((i, n) => of[n] ? facts(i, of[n]) : null)), ...record()])
  })
  return done
}

// All that the items rely on is kept.
const relied = (kept, items) => kept && items.every((i) =>
  kept.proofs.has(assigned.get(i.homework_id + i.exercise_id)?.class))

async function submit (request, reply) {
  const s = await session(request)
  if (s?.role !== 'pupil' || !csrf(request, s)) return reply.code(401).send({ status: 401 })
  const items = Array.isArray(request.body) ? request.body : [request.body]
  const base = common(s, randomUUID())
  const kept = evidences.get(s.subject + s.institution)
  let done = relied(kept, items) ? await store(s, base, items, kept) : null
  if (done === null || done[0][2] === 'stale') {
    done = await store(s, base, items, await evidence(s, base, items))
  }
  if (!Array.isArray(request.body)) {
    const code = { stored: 201, replayed: 200, conflict: 409, refused: 404 }[done[0][2]]
    return reply.code(code).send({ id: items[0].id, status: done[0][2] })
  }
  return { results: items.map((i, n) => ({ id: i.id, status: done[n][2] })) }
}

if (cluster.isPrimary) {
  for (let i = 0; i < config.processes; i++) cluster.fork()
} else {
  await connectionsOpen()
  await keysLoad()
  const app = Fastify({ https: { cert: readFileSync(config.cert),
    key: readFileSync(config.key) }, logger: false, keepAliveTimeout: 60000 })
  app.addHook('onRequest', (request, reply, next) => {
    reply.raw.setHeader('X-Request-Id', request.id)
    reply.raw.setHeader('Cache-Control', 'no-store')
    reply.raw.setHeader('X-Content-Type-Options', 'nosniff')
    next()
  })
  app.get('/v1/homework', list)
  app.get('/v1/homework/:id/progress', overview)
  app.post('/v1/progress', submit)
  app.get('/ready', async () => ({ status: 'ok' }))
  await app.listen({ port: config.port, host: '127.0.0.1' })
}
