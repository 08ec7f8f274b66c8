<?php
// Copyright (C) the Pupil authors
//
// Pupil's formats of sealed values, wrapped keys, MACs and facts, with libsodium.

declare(strict_types=1);

const SEALED = 62;      // bytes before the ciphertext
const DATE_NONE = 0x7fffffff;
const NO_COMMITMENT = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

function label16(string $name): string
{
    return str_pad($name, 16, "\0");
}

function uuid(string $text): string
{
    return hex2bin(str_replace('-', '', $text));
}

// A length and the bytes, as hashes take them.
function str(string $bytes): string
{
    return pack('J', strlen($bytes)) . $bytes;
}

function name(string $text): string
{
    return "\0" . chr(strlen($text)) . $text;
}

function keyed(string $key, string $label, string $bytes, int $size = 32): string
{
    return sodium_crypto_generichash(str($label) . $bytes, $key, $size);
}

// 32 bytes to seal with and 32 to commit with.
function subkey(string $key, string $category): string
{
    return keyed($key, 'pupil.subkey.v1', str($category), 64);
}

// The additional data of a value; owner and record: 16 bytes.
function place(string $tenant, string $owner, string $category, string $field,
    string $record, int $version): string
{
    return "\1\1value\0\0\0\0\0\0\0\0\0\0\0" . $tenant . $owner . name($category)
        . name($field) . $record . pack('NN', $version, 0);
}

function opened(string $subkey, string $place, string $sealed): string
{
    $nonce = substr($sealed, 38, 24);
    $commitment = sodium_crypto_generichash(
        "\0\0\0\0\0\0\0\x0fpupil.commit.v1" . pack('J', strlen($place)) . $place . $nonce
        . substr($sealed, -16), substr($subkey, 32));
    if (!hash_equals($commitment, substr($sealed, 6, 32))) {
        throw new RuntimeException('commitment');
    }
    $padded = sodium_crypto_aead_xchacha20poly1305_ietf_decrypt(
        substr($sealed, SEALED), $place, $nonce, substr($subkey, 0, 32));
    if ($padded === false) {
        throw new RuntimeException('tampered');
    }
    return substr($padded, 4, unpack('N', $padded)[1]);
}

function seal(string $subkey, string $place, int $version, string $text): string
{
    $length = strlen($text);
    for ($size = 32; $size < $length + 4; $size *= 2);
    $nonce = random_bytes(24);
    $body = sodium_crypto_aead_xchacha20poly1305_ietf_encrypt(
        str_pad(pack('N', $length) . $text, $size, "\0"), $place, $nonce,
        substr($subkey, 0, 32));
    $commitment = sodium_crypto_generichash(
        "\0\0\0\0\0\0\0\x0fpupil.commit.v1" . pack('J', strlen($place)) . $place . $nonce
        . substr($body, -16), substr($subkey, 32));
    return "\1\1" . pack('N', $version) . $commitment . $nonce . $body;
}

// kind: 'tenant-key', 'owner-key' or 'service-key'; id: 16 bytes
function unwrap(string $parent, string $kind, string $tenant, string $id, string $name,
    int $version, int $parentVersion, string $wrapped): string
{
    $kind = label16($kind);
    $place = "\1\1" . $kind . $tenant . $id . name($name) . name('') . str_repeat("\0", 16)
        . pack('NN', $parentVersion, $version);
    return opened(keyed($parent, 'pupil.wrap.v1', $kind, 64), $place, $wrapped);
}

// MACs of rows that authorise, and facts of records

// The floor that a row was written under, which its MAC ends with.
function number(?string $mac): int
{
    return strlen((string) $mac) > 32 ? unpack('N', $mac, 32)[1] : 0;
}

// columns: in the order that the MAC has
function fits(string $key, string $table, string $tenant, string $columns, ?string $mac): bool
{
    $n = number($mac);
    return $n === 0
        ? hash_equals(keyed($key, "pupil.mac.$table.v1", $tenant . $columns), (string) $mac)
        : hash_equals(keyed($key, "pupil.mac.$table.v2", pack('N', $n) . $tenant . $columns)
            . pack('N', $n), $mac);
}

// row: columns from `at` on, and the MAC
function enrolment_is(string $key, string $tenant, array $row, int $at): bool
{
    return fits($key, 'enrolment', $tenant,
        uuid($row[$at] . $row[$at + 1] . $row[$at + 2] . $row[$at + 3]) . str($row[$at + 4])
            . pack('NN', $row[$at + 5] ?? DATE_NONE, $row[$at + 6] ?? DATE_NONE)
            . str($row[$at + 7]), $row[$at + 8]);
}

function role_is(string $key, string $tenant, array $row, int $at): bool
{
    return fits($key, 'role', $tenant, uuid($row[$at] . $row[$at + 1]) . str($row[$at + 2])
        . pack('NN', $row[$at + 3] ?? DATE_NONE, $row[$at + 4] ?? DATE_NONE)
        . str($row[$at + 5]), $row[$at + 6]);
}

function subject_is(string $key, string $tenant, array $row, int $at): bool
{
    return fits($key, 'subject', $tenant,
        uuid($row[$at]) . str($row[$at + 1]) . str($row[$at + 2]), $row[$at + 3]);
}

// times: microseconds
function session_is(string $key, string $tenant, string $hash, array $s, array $times,
    string $mac): bool
{
    return fits($key, 'session', $tenant, str($hash) . uuid($s['subject']) . str($s['role'])
        . uuid($s['institution']) . pack('J*', ...$times), $mac);
}

// Microseconds since 1970, of PostgreSQL's text of UTC.
function micros(string $time): int
{
    return gmmktime((int) substr($time, 11, 2), (int) substr($time, 14, 2),
        (int) substr($time, 17, 2), (int) substr($time, 5, 2), (int) substr($time, 8, 2),
        (int) substr($time, 0, 4)) * 1000000 + (int) str_pad(substr($time, 20, -3), 6, '0');
}

// A column as PostgreSQL sends it in binary.
function binary(string $type, string|bool $value): string
{
    switch ($type) {
    case 'uuid':
        return uuid($value);
    case 'boolean':
        return $value ? "\1" : "\0";
    case 'timestamp':
        return pack('J', micros($value) - 946684800000000);
    case 'uuid list':
        $ids = $value === '{}' ? [] : explode(',', substr($value, 1, -1));
        return ($ids ? pack('N5', 1, 0, 2950, count($ids), 1) : pack('N3', 0, 0, 2950))
            . implode('', array_map(fn ($id) => pack('N', 16) . uuid($id), $ids));
    }
    throw new RuntimeException("a column of type $type");
}

function commitment(?string $sealed): string
{
    return $sealed === null ? NO_COMMITMENT : substr($sealed, 6, 32);
}

// The hash of a record's facts. of: the category's fields, as print_sql tells
// them; parts: its commitments; plain(name): a column.
function facts_hash(string $subkey, string $tenant, string $owner, string $record, int $version,
    string $category, array $of, string $parts, Closure $plain): string
{
    $bound = $tenant . $owner . $record . pack('N', $version) . str($category);
    foreach (str_split($parts, 32) as $n => $part) {
        if ($part !== NO_COMMITMENT && $part !== '') {
            $bound .= chr(0x80 | $of['sealed'][$n][0]) . $part;
        }
    }
    foreach ($of['plain'] as [$field, $name, $type]) {
        $value = $plain($name);
        if ($value !== null) {
            $bytes = binary($type, $value);
            $bound .= chr($field) . pack('N', strlen($bytes)) . $bytes;
        }
    }
    return keyed(substr($subkey, 32), 'pupil.facts.v1', $bound);
}

// Is the row what was stored? columns: of the statement, by name.
function facts_are(string $subkey, string $tenant, string $owner, string $record, int $version,
    string $category, array $of, array $row, array $columns): bool
{
    $facts = (string) $row[$columns['facts']];
    $size = strlen($facts) - 32;
    if ($size < 0 || $size % 32 !== 0 || $size > count($of['sealed']) * 32) {
        return false;
    }
    $parts = substr($facts, 0, $size);
    $made = facts_hash($subkey, $tenant, $owner, $record, $version, $category, $of, $parts,
        fn ($name) => $row[$columns[$name]]);
    if (!hash_equals($made, substr($facts, $size))) {
        return false;
    }
    foreach ($of['sealed'] as $n => [, $name]) {
        $part = $n * 32 < $size ? substr($parts, $n * 32, 32) : NO_COMMITMENT;
        if (isset($columns[$name]) && commitment($row[$columns[$name]]) !== $part) {
            return false;
        }
    }
    return true;
}

// Of a new record; values: its columns by name.
function facts_of(string $subkey, string $tenant, string $owner, string $record, int $version,
    string $category, array $of, array $values): string
{
    $parts = implode('', array_map(fn ($field) => commitment($values[$field[1]]), $of['sealed']));
    return $parts . facts_hash($subkey, $tenant, $owner, $record, $version, $category, $of, $parts,
        fn ($name) => $values[$name]);
}
