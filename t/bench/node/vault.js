// Copyright (C) the Pupil authors
//
// Pupil's formats of sealed values, wrapped keys, MACs and facts, with libsodium.
// What is hashed is laid out in buffers that are made once for each kind:
// nothing here awaits, so that one use ends before the next begins.

import sodium from 'sodium-native'

const label16 = (name) => Buffer.concat([Buffer.from(name)], 16)
const LABEL = { value: label16('value'), tenant: label16('tenant-key'),
  owner: label16('owner-key'), service: label16('service-key') }
const ZERO = Buffer.alloc(16)
const SEALED = 62                   // where the ciphertext begins
const TAG = 16

export const uuid = (text) => Buffer.from(text.replaceAll('-', ''), 'hex')

const u32 = (n) => { const b = Buffer.alloc(4); b.writeInt32BE(n | 0); return b }
const u64 = (n) => { const b = Buffer.alloc(8); b.writeBigInt64BE(BigInt(n)); return b }

export function str (value) {
  const bytes = Buffer.from(value)
  return Buffer.concat([u64(bytes.length), bytes])
}

export function keyed (key, label, parts, size = 32) {
  const out = Buffer.allocUnsafe(size)
  sodium.crypto_generichash(out, Buffer.concat([str(label), ...parts]), key)
  return out
}

export function subkey (key, category) {
  return split(keyed(key, 'pupil.subkey.v1', [str(category)], 64))
}

const split = (both) => ({ seal: both.subarray(0, 32), commit: both.subarray(32) })

// The additional data of values of one field, within what the commitment is
// over: its label, the data with its length, nonce and tag.
const COMMIT = str('pupil.commit.v1')

function place (label, tenant, category, field) {
  const name = (text) => {
    const b = Buffer.from(text)
    return Buffer.concat([Buffer.from([0, b.length]), b])
  }
  const head = Buffer.concat([Buffer.from([1, 1]), label, tenant])
  const names = Buffer.concat([name(category), name(field)])
  const size = head.length + 16 + names.length + 16 + 8
  const all = Buffer.concat([COMMIT, u64(size), head, ZERO, names, ZERO, u32(0), u32(0),
    Buffer.alloc(24 + TAG)])
  const at = COMMIT.length + 8
  const owner = at + head.length
  const record = owner + 16 + names.length
  return { all, ad: all.subarray(at, at + size), owner, record, version: record + 16,
    own: record + 20, nonce: at + size, tag: at + size + 24 }
}

const places = new Map()

function placeOf (tenant, category, field) {
  const name = `${category}.${field}`
  let p = places.get(name)
  if (!p) places.set(name, p = place(LABEL.value, tenant, category, field))
  return p
}

const hash = Buffer.alloc(32)
let clear = Buffer.alloc(65536)

function opened (key, p, sealed) {
  const body = sealed.length - SEALED - TAG
  sealed.copy(p.all, p.nonce, 38, SEALED)
  sealed.copy(p.all, p.tag, SEALED + body)
  sodium.crypto_generichash(hash, p.all, key.commit)
  if (!sodium.sodium_memcmp(hash, sealed.subarray(6, 38))) throw new Error('commitment')
  if (body > clear.length) clear = Buffer.alloc(body * 2)
  sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(clear.subarray(0, body), null,
    sealed.subarray(SEALED), p.ad, sealed.subarray(38, SEALED), key.seal)
  return 4 + clear.readUInt32BE(0)
}

// owner: 16 bytes; record: text
function put (p, owner, record, version) {
  owner.copy(p.all, p.owner)
  p.all.write(record.replaceAll('-', ''), p.record, 'hex')
  p.all.writeInt32BE(version, p.version)
}

export function open (key, tenant, owner, category, field, record, version, sealed) {
  const p = placeOf(tenant, category, field)
  put(p, owner, record, version)
  return clear.utf8Slice(4, opened(key, p, sealed))
}

export function seal (key, tenant, owner, category, field, record, version, text) {
  const p = placeOf(tenant, category, field)
  const length = Buffer.byteLength(text)
  let size = 32
  while (size < length + 4) size *= 2
  const out = Buffer.alloc(SEALED + size + TAG)
  const nonce = out.subarray(38, SEALED)
  const padded = Buffer.alloc(size)
  put(p, owner, record, version)
  out[0] = out[1] = 1
  out.writeUInt32BE(version, 2)
  sodium.randombytes_buf(nonce)
  padded.writeUInt32BE(length)
  padded.write(text, 4)
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(out.subarray(SEALED), padded, p.ad, null,
    nonce, key.seal)
  out.copy(p.all, p.nonce, 38, SEALED)
  out.copy(p.all, p.tag, SEALED + size)
  sodium.crypto_generichash(out.subarray(6, 38), p.all, key.commit)
  return out
}

export function unwrap (parent, kind, what, wrapped) {
  const key = split(keyed(parent, 'pupil.wrap.v1', [LABEL[kind]], 64))
  const p = place(LABEL[kind], what.tenant, what.name ?? '', '')
  const owner = what.id ?? ZERO
  owner.copy(p.all, p.owner)
  p.all.writeInt32BE(what.parentVersion, p.version)
  p.all.writeInt32BE(what.version, p.own)
  return Buffer.from(clear.subarray(4, opened(key, p, wrapped)))
}

// MACs of rows that authorise, and facts of records

export const NO_DATE = 0x7fffffff     // an enrolment without end, in days

const message = Buffer.alloc(65536)

// There are dozens in each request: several times as fast as by Buffer's write.
const HEX = new Uint8Array(128)
for (let i = 0; i < 16; i++) HEX['0123456789abcdef'.charCodeAt(i)] = i
const DIGITS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]

function putUuid (value, at) {
  for (const digit of DIGITS) {
    message[at++] = HEX[value.charCodeAt(digit)] << 4 | HEX[value.charCodeAt(digit + 1)]
  }
  return at
}

const putU32 = (value, at) => message.writeInt32BE(value | 0, at)
const putBytes = (bytes, at) => at + bytes.copy(message, at)

function putTime (micros, at) {
  const high = Math.floor(micros / 0x100000000)
  message.writeInt32BE(high, at)
  return message.writeUInt32BE(micros - high * 0x100000000, at + 4)
}

function putText (value, at) {
  const n = message.write(value, at + 8)
  message.writeUInt32BE(0, at)
  return message.writeUInt32BE(n, at + 4) + n
}

// The floor that a row was written under, which its MAC ends with.
export const number = (mac) => mac.length > 32 ? mac.readUInt32BE(32) : 0

const label = (table) => [1, 2].map((v) => str(`pupil.mac.${table}.v${v}`))
const MAC = { enrolment: label('enrolment'), role: label('role'), subject: label('subject'),
  session: label('session') }

// put(at) writes the columns, in the order that the MAC has.
function fits (key, of, tenant, mac, put) {
  if (mac === null) return false
  const n = number(mac)
  let at = putBytes(of[n === 0 ? 0 : 1], 0)
  if (n !== 0) at = putU32(n, at)
  at = put(putBytes(tenant, at))
  sodium.crypto_generichash(hash, message.subarray(0, at), key)
  return mac.length === (n === 0 ? 32 : 36) &&
    sodium.sodium_memcmp(hash, mac.subarray(0, 32))
}

// row: columns from `from` on, and the MAC
export const enrolmentIs = (key, tenant, row, from) =>
  fits(key, MAC.enrolment, tenant, row[from + 8], (at) => {
    for (let i = 0; i < 4; i++) at = putUuid(row[from + i], at)
    at = putText(row[from + 4], at)
    at = putU32(row[from + 5] ?? NO_DATE, at)
    at = putU32(row[from + 6] ?? NO_DATE, at)
    return putText(row[from + 7], at)
  })

export const roleIs = (key, tenant, row, from) =>
  fits(key, MAC.role, tenant, row[from + 6], (at) => {
    at = putText(row[from + 2], putUuid(row[from + 1], putUuid(row[from], at)))
    at = putU32(row[from + 3] ?? NO_DATE, at)
    at = putU32(row[from + 4] ?? NO_DATE, at)
    return putText(row[from + 5], at)
  })

export const subjectIs = (key, tenant, row, from) =>
  fits(key, MAC.subject, tenant, row[from + 3], (at) =>
    putText(row[from + 2], putText(row[from + 1], putUuid(row[from], at))))

export const sessionIs = (key, tenant, s, token, mac) =>
  fits(key, MAC.session, tenant, mac, (at) => {
    at = putU32(token.length, putU32(0, at))
    at = putUuid(s.subject, putBytes(token, at))
    at = putUuid(s.institution, putText(s.role, at))
    return [s.created, s.seen, s.expires].reduce((to, time) => putTime(time, to), at)
  })

// As PostgreSQL counts, whose text is of UTC.
const EPOCH = 946684800000000

export function micros (text) {
  const part = text.slice(20, -3)
  return Date.UTC(+text.slice(0, 4), text.slice(5, 7) - 1, +text.slice(8, 10),
    +text.slice(11, 13), +text.slice(14, 16), +text.slice(17, 19)) * 1000 +
    (part === '' ? 0 : +part.padEnd(6, '0'))
}

// Columns as PostgreSQL sends them in binary.
const BINARY = {
  uuid: putUuid,
  boolean: (value, at) => message.writeUInt8(value ? 1 : 0, at),
  timestamp: (value, at) => putTime(micros(value) - EPOCH, at),
  'uuid list': (value, at) => {
    const ids = value === '{}' ? [] : value.slice(1, -1).split(',')
    const head = ids.length === 0 ? [0, 0, 2950] : [1, 0, 2950, ids.length, 1]
    for (const n of head) at = putU32(n, at)
    for (const id of ids) at = putUuid(id, putU32(16, at))
    return at
  }
}

const FACTS = str('pupil.facts.v1')
const NONE = Buffer.alloc(32)

// The hash of a record's facts. of: the category's fields, as print_sql tells
// them; parts: its commitments, the first size bytes; plain(name): a column.
function bound (key, tenant, owner, category, record, version, of, parts, size, plain) {
  let at = putUuid(record, putBytes(owner, putBytes(tenant, putBytes(FACTS, 0))))
  at = putText(category, putU32(version, at))
  for (let n = 0; n * 32 < size; n++) {
    if (parts.compare(NONE, 0, 32, n * 32, n * 32 + 32) === 0) continue
    at = message.writeUInt8(0x80 | of.sealed[n][0], at)
    at += parts.copy(message, at, n * 32, n * 32 + 32)
  }
  for (const [field, name, type] of of.plain) {
    const value = plain(name)
    if (value === null) continue
    const from = message.writeUInt8(field, at) + 4
    at = BINARY[type](value, from)
    putU32(at - from, from - 4)
  }
  sodium.crypto_generichash(hash, message.subarray(0, at), key.commit)
}

// Is the row what was stored? columns: of the statement, by name.
export function factsAre (key, tenant, owner, category, record, version, of, row, columns) {
  const facts = row[columns.facts]
  const size = facts === null ? -1 : facts.length - 32
  if (size < 0 || size % 32 !== 0 || size > of.sealed.length * 32) return false
  bound(key, tenant, owner, category, record, version, of, facts, size,
    (name) => row[columns[name]])
  if (!sodium.sodium_memcmp(hash, facts.subarray(size))) return false
  return of.sealed.every(([, name], n) => {
    const value = columns[name] === undefined ? undefined : row[columns[name]]
    if (value === undefined) return true
    if (n * 32 >= size) return value === null
    return value === null ? facts.compare(NONE, 0, 32, n * 32, n * 32 + 32) === 0
      : facts.compare(value, 6, 38, n * 32, n * 32 + 32) === 0
  })
}

// Of a new record; values: its columns by name.
export function facts (key, tenant, owner, category, record, version, of, values) {
  const parts = Buffer.concat(of.sealed.map(([, name]) => values[name].subarray(6, 38)))
  bound(key, tenant, owner, category, record, version, of, parts, parts.length,
    (name) => values[name])
  return Buffer.concat([parts, hash])
}

export const same = (a, b) => b !== null && a.length === b.length &&
  sodium.sodium_memcmp(a, b)
