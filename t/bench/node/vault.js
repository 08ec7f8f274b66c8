// Copyright (C) the Pupil authors
//
// Pupil's formats of sealed values, wrapped keys and MACs, with libsodium.
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

const DATE_NONE = 0x7fffffff
const date = (n) => u32(n === null ? DATE_NONE : n)

// Enrolments are checked by the dozen in each request.
const ENROLMENT = str('pupil.mac.enrolment.v1')
const message = Buffer.alloc(1024)
ENROLMENT.copy(message)

function text (value, at) {
  const n = message.write(value, at + 8)
  message.writeUInt32BE(0, at)
  message.writeUInt32BE(n, at + 4)
  return at + 8 + n
}

// row: columns from `from` on, in the order that the MAC has, and the MAC
export function enrolmentIs (key, tenant, row, from) {
  let at = ENROLMENT.length
  tenant.copy(message, at)
  for (let i = 0; i < 4; i++) {
    message.write(row[from + i].replaceAll('-', ''), at += 16, 'hex')
  }
  at = text(row[from + 4], at + 16)
  message.writeInt32BE(row[from + 5] ?? DATE_NONE, at)
  message.writeInt32BE(row[from + 6] ?? DATE_NONE, at + 4)
  at = text(row[from + 7], at + 8)
  sodium.crypto_generichash(hash, message.subarray(0, at), key)
  return same(hash, row[from + 8])
}

// rows as arrays of columns, in the order that the MAC has
export const mac = {
  role: (key, tenant, r) => keyed(key, 'pupil.mac.role.v1', [tenant, uuid(r[0]),
    uuid(r[1]), str(r[2]), date(r[3]), date(r[4]), str(r[5])]),
  subject: (key, tenant, r) => keyed(key, 'pupil.mac.subject.v1', [tenant, uuid(r[0]),
    str(r[1]), str(r[2])]),
  session: (key, tenant, hash, r) => keyed(key, 'pupil.mac.session.v1', [tenant,
    str(hash), uuid(r[0]), str(r[1]), uuid(r[2]), u64(r[3]), u64(r[4]), u64(r[5])])
}

export const same = (a, b) => b !== null && a.length === b.length &&
  sodium.sodium_memcmp(a, b)
