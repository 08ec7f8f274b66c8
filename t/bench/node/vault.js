// Copyright (C) the Pupil authors
//
// Pupil's formats of sealed values, wrapped keys and MACs, with libsodium.

import sodium from 'sodium-native'

const label16 = (name) => Buffer.concat([Buffer.from(name)], 16)
const LABEL = { value: label16('value'), tenant: label16('tenant-key'),
  owner: label16('owner-key'), service: label16('service-key') }
const ZERO = Buffer.alloc(16)
const NONE = Buffer.alloc(0)

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

function place (label, tenant, owner, category, field, record, version, own) {
  const name = (text) => {
    const b = Buffer.from(text)
    return Buffer.concat([Buffer.from([0, b.length]), b])
  }
  return Buffer.concat([Buffer.from([1, 1]), label, tenant, owner, name(category),
    name(field), record, u32(version), u32(own)])
}

function commitment (key, ad, nonce, tag) {
  return keyed(key.commit, 'pupil.commit.v1',
    [u64(ad.length), ad, nonce, tag])
}

function openBound (key, ad, sealed) {
  const body = sealed.length - 78
  const nonce = sealed.subarray(38, 62)
  const tag = sealed.subarray(62 + body)
  const out = Buffer.allocUnsafe(body)
  if (!sodium.sodium_memcmp(commitment(key, ad, nonce, tag), sealed.subarray(6, 38))) {
    throw new Error('commitment')
  }
  sodium.crypto_aead_xchacha20poly1305_ietf_decrypt_detached(out, null,
    sealed.subarray(62, 62 + body), tag, ad, nonce, key.seal)
  return out.subarray(4, 4 + out.readUInt32BE(0))
}

export function open (key, at, sealed) {
  return openBound(key, place(LABEL.value, at.tenant, at.owner, at.category, at.field,
    at.record, at.version, 0), sealed)
}

export function seal (key, at, text) {
  const value = Buffer.from(text)
  let size = 32
  while (size < value.length + 4) size *= 2
  const out = Buffer.alloc(78 + size)
  const nonce = out.subarray(38, 62)
  const body = out.subarray(62, 62 + size)
  const tag = out.subarray(62 + size)
  const ad = place(LABEL.value, at.tenant, at.owner, at.category, at.field, at.record,
    at.version, 0)
  out[0] = out[1] = 1
  out.writeUInt32BE(at.version, 2)
  sodium.randombytes_buf(nonce)
  const padded = Buffer.alloc(size)
  padded.writeUInt32BE(value.length)
  value.copy(padded, 4)
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt_detached(body, tag, padded, ad, null,
    nonce, key.seal)
  commitment(key, ad, nonce, tag).copy(out, 6)
  return out
}

export function unwrap (parent, kind, what, wrapped) {
  const key = split(keyed(parent, 'pupil.wrap.v1', [LABEL[kind]], 64))
  return Buffer.from(openBound(key, place(LABEL[kind], what.tenant, what.id ?? ZERO,
    what.name ?? '', '', ZERO, what.parentVersion, what.version), wrapped))
}

const DATE_NONE = 0x7fffffff
const date = (n) => u32(n === null ? DATE_NONE : n)

// rows as arrays of columns, in the order that the MAC has
export const mac = {
  enrolment: (key, tenant, r) => keyed(key, 'pupil.mac.enrolment.v1', [tenant,
    uuid(r[0]), uuid(r[1]), uuid(r[2]), uuid(r[3]), str(r[4]), date(r[5]), date(r[6]),
    str(r[7])]),
  role: (key, tenant, r) => keyed(key, 'pupil.mac.role.v1', [tenant, uuid(r[0]),
    uuid(r[1]), str(r[2]), date(r[3]), date(r[4]), str(r[5])]),
  subject: (key, tenant, r) => keyed(key, 'pupil.mac.subject.v1', [tenant, uuid(r[0]),
    str(r[1]), str(r[2])]),
  session: (key, tenant, hash, r) => keyed(key, 'pupil.mac.session.v1', [tenant,
    str(hash), uuid(r[0]), str(r[1]), uuid(r[2]), u64(r[3]), u64(r[4]), u64(r[5])])
}

export const same = (a, b) => b !== null && a.length === b.length &&
  sodium.sodium_memcmp(a, b)

export const random = () => { const b = Buffer.allocUnsafe(32); sodium.randombytes_buf(b); return b }
export { NONE }
