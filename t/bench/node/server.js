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
import { connectionsOpen, factsOf, floor, floors, intact, keysLoad, ownersNeed, read, sealed,
  serviceKey, statement, tenant, tenantText, transaction, value } from './database.js'
import { NO_DATE, enrolmentIs, keyed, micros, number, roleIs, same, sessionIs, str, subjectIs,
  uuid } from './vault.js'

const config = JSON.parse(readFileSync(process.env.BENCH_CONFIG))
const NETWORK = '127.0.0.0/24'
const NO_ID = '00000000-0000-0000-0000-000000000000'
const SESSION_VALID = 15000
const DAY = 86400000

const SESSION = statement('session load').columns
const EVIDENCE = statement('homework_evidence').columns
const LIST = statement('homework_pupil_list')
const OWN = statement('homework_pupil_progress')
const OVERVIEW = statement('homework_overview').columns
const RESULTS = statement('homework_results')
const ONE = statement('homework_teacher_list')
const PROOF = statement('progress_evidence').columns
const ASSIGNED = statement('progress_assigned')
const STATUS = statement('progress_submit').columns.status

// An enrolment's columns, behind its first
const SUBJECT = 1, CLASS = 2, INSTITUTION = 3, ROLE = 4, FROM = 5, TO = 6, SOURCE = 7, MAC = 8

const nonce = () => '1'
const common = (s, request) => [nonce(), tenantText, request.id, s.subject, s.role,
  s.institution, NETWORK]
const time = (text) => text.replace(' ', 'T').replace('+00', 'Z')
const live = (from, to) => {
  const today = Math.floor(Date.now() / DAY)
  return from <= today && (to === null || to >= today)
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

  const made = await sessionLoad(request, hash)
  if (made === null) return null
  made.token = token
  made.until = Date.now() + SESSION_VALID
  sessions.set(id, made)
  return made
}

async function sessionLoad (request, hash) {
  const [[row]] = await read((run) => run('session load',
    [nonce(), tenantText, request.id, null, 'none', null, NETWORK, hash]))
  const s = { subject: row[SESSION.subject], role: row[SESSION.role],
    institution: row[SESSION.institution] }
  if (s.subject === null) return null
  const are = await floors(s.subject, hash)
  s.authority = are.authority
  const key = serviceKey('mac')
  const [created, seen, expires] = [SESSION.created_at, SESSION.seen_at, SESSION.expires_at]
    .map((at) => micros(row[at]))
  const mac = row[SESSION.mac]
  return sessionIs(key, tenant, { ...s, created, seen, expires }, hash, mac) && !are.ended &&
    number(mac) >= are.session && expires > Date.now() * 1000 &&
    acts(key, s, row, SESSION['role row']) && is(key, s, row, SESSION['subject row']) &&
    row[SESSION.state] !== 'erased' ? s : null
}

// The role that the session acts in, and the account behind it.
const acts = (key, s, row, at) => row[at] === s.subject && row[at + 1] === s.institution &&
  row[at + 2] === s.role && live(row[at + 3], row[at + 4]) && roleIs(key, tenant, row, at) &&
  number(row[at + 6]) >= s.authority

const is = (key, s, row, at) => row[at] === s.subject && row[at + 1] === 'active' &&
  subjectIs(key, tenant, row, at) && number(row[at + 3]) >= s.authority

function csrf (request, s) {
  const made = keyed(serviceKey('token'), 'pupil.csrf.v1', [s.token])
  return same(made, Buffer.from(request.headers['x-pupil-csrf'] ?? '', 'base64url'))
}

// Evidence: enrolments that are authentic, of today, and above the floor

const authentic = (row, at, role, least) => row[at] !== null && row[at + ROLE] === role &&
  live(row[at + FROM], row[at + TO]) && enrolmentIs(serviceKey('mac'), tenant, row, at) &&
  number(row[at + MAC]) >= least

// The actor's own, by class: the rows, which have the class as owner.
function classes (s, rows, at) {
  const all = new Map()
  for (const row of rows) {
    if (row[at + SUBJECT] === s.subject && row[at + INSTITUTION] === s.institution &&
        authentic(row, at, s.role, s.authority)) all.set(row[at + CLASS], row)
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

// rows: submissions of one pupil, who as owner is at keyAt of key
function score (rows, key, keyAt, st, exercises) {
  const record = st.columns.record, updated = st.columns.updated_at
  const exercise = st.columns['progress.exercise_id'], done = st.columns['progress.done']
  const result = st.columns['progress.result']
  let sum = null, completed = 0, count = 0, last = null
  for (const row of rows) {
    const owner = key ?? row
    if (!exercises.some((e) => e.id === row[exercise]) ||
        !intact(st, row[record], row, owner, keyAt)) continue
    const raw = row[result] === null ? undefined : JSON.parse(value(owner, keyAt,
      'progress', 'result', row[record], row[result])).score?.raw
    if (raw !== undefined) sum = (sum ?? 0) + raw
    count++
    if (row[done]) completed++
    if (last === null || row[updated] > last) last = row[updated]
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

function name (row, at, columns) {
  const part = (field) => value(row, at, 'identity', field, row[at],
    row[columns[`identity.${field}`]])
  const given = part('given_name'), family = part('family_name')
  return given && family ? `${given} ${family}` : given || family || null
}

// Makes of a row of a list what is shown of it; null: it is not what was stored.
function homeworks (mine, st) {
  const at = st.columns
  const titleOf = once((row) => value(mine.get(row[at.class]), EVIDENCE.owner, 'enrolment',
    'class_title', row[at.class], row[at['enrolment.class_title']]))
  const teacherOf = once((row) => authentic(row, at.teacher, 'teacher',
    floor(row[at.teacher + SUBJECT])) ? name(row, at['teacher owner'], at) : null)

  return (row) => {
    const id = row[at.record], group = row[at.class]
    const owner = mine.get(group)
    const by = row[at['homework.assigned_by']], teacher = row[at.teacher]
    const get = (field) => value(owner, EVIDENCE.owner, 'homework', field, id,
      row[at[`homework.${field}`]])
    if (!intact(st, id, row, owner, EVIDENCE.owner)) return null
    const item = { id, title: get('title') }
    if (row[at['homework.description']] !== null) item.description = get('description')
    item.class = { id: group, title: titleOf(group, row) }
    item.assigned_at = time(row[at['homework.assigned_at']])
    item.due_at = time(row[at['homework.due_at']])
    const teaches = teacher !== null && row[at.teacher + SUBJECT] === by &&
      row[at.teacher + CLASS] === group
    item.assigned_by = { display_name: teaches ? teacherOf(teacher, row) : null }
    item.exercises = JSON.parse(get('exercises'))
    return item
  }
}

const page = (one) => {
  const now = new Date().toISOString()
  const end = ['infinity', NO_ID, null]
  return one ? [true, now, '1970-01-01T00:00:00Z', NO_ID, '1', one, ...end]
             : [false, now, now, NO_ID, '50', null, ...end]
}

// The owners of what a list shows.
const owners = (rows, { class: group, 'teacher owner': teacher }) =>
  rows.flatMap((r) => r[teacher] ? [r[group], r[teacher]] : [r[group]])

async function list (request, reply) {
  const s = await session(request)
  if (s?.role !== 'pupil') return reply.code(401).send({ status: 401 })
  const base = common(s, request)
  const asked = [...base, ...page()]
  const [evidence, progress, rows] = await read((run) => {
    run('homework_evidence', [...base, null])
    run(OWN.name, asked)
    run(`audited ${LIST.name}`, asked)
  })
  const mine = classes(s, evidence, EVIDENCE.enrolment)
  const shown = rows.filter((r) => r[LIST.columns.record] !== null &&
    mine.has(r[LIST.columns.class]))
  await ownersNeed([s.subject, ...owners(shown, LIST.columns)])

  const of = byColumn(progress, OWN.columns['progress.homework_id'])
  const make = homeworks(mine, LIST)
  const items = shown.map(make).filter((item) => item !== null)
  for (const item of items) {
    const { status, score: sum, ...rest } = score(of.get(item.id) ?? NOBODY, null,
      OWN.columns.owner, OWN, item.exercises)
    const max = item.exercises.reduce((a, e) => e.max_score === undefined ? a
      : (a ?? 0) + e.max_score, null)
    item.progress = { status, score: sum, max_score: max, ...rest }
  }
  return { homework: items, next: null }
}

async function overview (request, reply) {
  const s = await session(request)
  if (s?.role !== 'teacher') return reply.code(401).send({ status: 401 })
  const base = common(s, request)
  const id = request.params.id
  // two records, and so one commit for both
  const [evidence, pupils, results, [row]] = await transaction((run) => {
    run('homework_evidence', [...base, null])
    run('audited homework_overview', [...base, id])
    run(RESULTS.name, [...base, id])
    run(`audited ${ONE.name}`, [...base, ...page(id)])
  })
  const mine = classes(s, evidence, EVIDENCE.enrolment)
  const group = row[ONE.columns.class]
  if (row[ONE.columns.record] !== id || !mine.has(group)) {
    return reply.code(404).send({ status: 404 })
  }
  const { enrolment, owner } = OVERVIEW
  await ownersNeed([...owners([row], ONE.columns),
    ...pupils.filter((p) => p[owner] !== null).map((p) => p[owner])])

  const item = homeworks(mine, ONE)(row)
  if (item === null) return reply.code(404).send({ status: 404 })
  const { subject, 'progress.class_id': groupAt } = RESULTS.columns
  const of = byColumn(results.filter((r) => r[groupAt] === group), subject)
  const list = pupils.filter((p) => p[enrolment + CLASS] === group &&
    p[enrolment + SUBJECT] === p[owner] && authentic(p, enrolment, 'pupil', floor(p[owner])))
    .map((p) => ({ id: p[owner], display_name: name(p, owner, OVERVIEW),
      ...score(of.get(p[owner]) ?? NOBODY, p, owner, RESULTS, item.exercises) }))
  const count = (status) => list.filter((p) => p.status === status).length
  return { homework: item, pupils: list, summary: { pupils: list.length,
    completed: count('completed'), in_progress: count('in_progress') } }
}

const array = (values) => `{${values.map((v) => v === null ? 'NULL'
  : `"${Buffer.isBuffer(v) ? '\\\\x' + v.toString('hex') : v}"`)}}`

// When an audit record was made; writer, number and MACs are Pupil's own.
const record = () => [new Date().toISOString(), '0', '0', Buffer.alloc(96)]

// What submissions rely on, kept as Pupil keeps it: the statement compares it
// with what is stored, and writes nothing when it is no longer so. Of
// exercises the class that was given them, and the hash of the homework's
// facts.
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
    run(ASSIGNED.name, [...base, array([...new Set(items.map((i) => i.homework_id))])])
  })
  const proofs = classes(s, rows, PROOF.enrolment)
  const { record, owner, facts, 'homework.exercise_ids': exercises,
    'homework.assigned_at': at, 'homework.deleted_at': deleted } = ASSIGNED.columns
  const live = given.filter((r) => proofs.has(r[owner]))
  await ownersNeed(live.map((r) => r[owner]))
  for (const r of live) {
    if (!intact(ASSIGNED, r[record], r, r, owner) || r[deleted] !== null) continue
    for (const exercise of r[exercises].slice(1, -1).split(',')) {
      keep(assigned, 16384, r[record] + exercise, { class: r[owner], at: micros(r[at]),
        hash: r[facts].subarray(-32) })
    }
  }
  return keep(evidences, 4096, s.subject + s.institution, { own: rows[0], proofs })
}

// The exercise of an item, once it was assigned.
function given (item) {
  const found = assigned.get(item.homework_id + item.exercise_id)
  return found && found.at <= Date.now() * 1000 ? found : undefined
}

async function store (s, base, items, { own, proofs }) {
  const at = PROOF.enrolment
  await ownersNeed([s.subject])
  const put = (item, field, value) => sealed(own, PROOF.owner, 'progress', field, item.id,
    JSON.stringify(value))
  const of = items.map(given)
  const used = [...new Set(of.filter(Boolean).map((a) => a.class))]
  const rows = used.map((c) => proofs.get(c))
  const answers = items.map((i) => put(i, 'answer', i.answer))
  const results = items.map((i) => put(i, 'result', { score: i.score, success: i.success,
    completion: i.completion, duration: i.duration, timestamp: i.timestamp }))
  const done = items.map((i) => i.completion !== false)
  const facts = (i, n) => factsOf(own, PROOF.owner, 'progress', i.id, {
    'progress.homework_id': i.homework_id, 'progress.class_id': of[n].class,
    'progress.exercise_id': i.exercise_id, 'progress.done': done[n],
    'progress.answer': answers[n], 'progress.result': results[n] })
  // one alone has a statement of its own, without arrays
  const one = items.length === 1
  const column = one ? (values) => values[0] ?? null : array
  // by any of the bytes of ids, as Pupil's
  const [high, low] = [0, 4].map((b) => tenant.readInt32LE(b) ^ uuid(s.subject).readInt32LE(b))
  const [, stored] = await transaction((run) => {
    run('progress_lock', [...base, String(high), String(low)])
    run(one ? 'progress_submit_one' : 'progress_submit', [...base,
      column(items.map((i) => i.id)), column(items.map((i) => i.homework_id)),
      column(items.map((i) => i.exercise_id)), column(answers), column(results),
      column(items.map((i) => keyed(serviceKey('fingerprint'), 'pupil.fingerprint.v1',
        [str(JSON.stringify(i))]))),
      column(done.map((d) => String(Number(d)))), String(own[PROOF.owner + 2]),
      ...[0, CLASS, FROM, TO, SOURCE, MAC].map((c) => column(rows.map((r) => c === TO
        ? r[at + c] ?? NO_DATE : r[at + c]))),
      ...(one ? [] : [array(of.map((a) => a ? used.indexOf(a.class) + 1 : 0))]),
      column(of.map((a) => a ? a.hash : null)),
      column(items.map((i, n) => of[n] ? facts(i, n) : null)), ...record()])
  })
  return stored.map((row) => row[STATUS])
}

// All that the items rely on is kept, and still counts.
const relied = (s, kept, items) => kept && items.every((i) => {
  const proof = kept.proofs.get(given(i)?.class)
  return proof && number(proof[PROOF.enrolment + MAC]) >= s.authority
})

async function submit (request, reply) {
  const s = await session(request)
  if (s?.role !== 'pupil' || !csrf(request, s)) return reply.code(401).send({ status: 401 })
  const items = Array.isArray(request.body) ? request.body : [request.body]
  const base = common(s, request)
  const kept = evidences.get(s.subject + s.institution)
  let done = relied(s, kept, items) ? await store(s, base, items, kept) : null
  if (done === null || done[0] === 'stale') {
    done = await store(s, base, items, await evidence(s, base, items))
  }
  if (!Array.isArray(request.body)) {
    const code = { stored: 201, replayed: 200, conflict: 409, refused: 404 }[done[0]]
    return reply.code(code).send({ id: items[0].id, status: done[0] })
  }
  return { results: items.map((i, n) => ({ id: i.id, status: done[n] })) }
}

if (cluster.isPrimary) {
  for (let i = 0; i < config.processes; i++) cluster.fork()
} else {
  await connectionsOpen()
  await keysLoad()
  const app = Fastify({ genReqId: () => randomUUID(), https: { cert: readFileSync(config.cert),
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
