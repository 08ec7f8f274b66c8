<?php
// Copyright (C) the Pupil authors
//
// Pupil's formats of sealed values, wrapped keys and MACs, with libsodium.

declare(strict_types=1);

const SEALED = 62;      // bytes before the ciphertext
const DATE_NONE = 0x7fffffff;

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

// row: columns from `at` on, in the order that the MAC has, and the MAC
function enrolment_is(string $key, string $tenant, array $row, int $at): bool
{
    $mac = sodium_crypto_generichash("\0\0\0\0\0\0\0\x16pupil.mac.enrolment.v1" . $tenant
        . hex2bin(str_replace('-', '', $row[$at] . $row[$at + 1] . $row[$at + 2] . $row[$at + 3]))
        . str($row[$at + 4]) . pack('NN', $row[$at + 5] ?? DATE_NONE, $row[$at + 6] ?? DATE_NONE)
        . str($row[$at + 7]), $key);
    return hash_equals($mac, $row[$at + 8]);
}

function role_is(string $key, string $tenant, array $row, int $at): bool
{
    return hash_equals(keyed($key, 'pupil.mac.role.v1', $tenant . uuid($row[$at])
        . uuid($row[$at + 1]) . str($row[$at + 2])
        . pack('NN', $row[$at + 3] ?? DATE_NONE, $row[$at + 4] ?? DATE_NONE)
        . str($row[$at + 5])), $row[$at + 6]);
}

function subject_is(string $key, string $tenant, array $row, int $at): bool
{
    return hash_equals(keyed($key, 'pupil.mac.subject.v1', $tenant . uuid($row[$at])
        . str($row[$at + 1]) . str($row[$at + 2])), $row[$at + 3]);
}

// times: microseconds
function session_is(string $key, string $tenant, string $hash, array $row, int $at,
    array $times): bool
{
    return hash_equals(keyed($key, 'pupil.mac.session.v1', $tenant . str($hash)
        . uuid($row[$at]) . str($row[$at + 1]) . uuid($row[$at + 2]) . pack('J*', ...$times)),
        $row[$at + 6]);
}
