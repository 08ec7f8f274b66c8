<?php
// Copyright (C) the Pupil authors
//
// Keys: those of the tenant and of owners, in APCu's shared memory once they
// were fetched from the key store.

declare(strict_types=1);

const CATEGORIES = ['identity' => 8, 'enrolment' => 72, 'homework' => 136, 'progress' => 200];

class Keys
{
    public array $service;
    private array $owners = [];
    private string $tenant;
    private ?Store $store = null;

    public function __construct(private array $config)
    {
        $this->tenant = uuid($config['tenant']);
        $loaded = apcu_fetch('keys');
        if ($loaded === false) {
            $loaded = $this->load();
            apcu_store('keys', $loaded);
        }
        $this->service = $loaded['service'];
    }

    private function load(): array
    {
        [, $epoch, $hex] = explode(' ', $this->config['kek']);
        [[$own]] = $this->ask(['tenant_keys', [$this->config['tenant'], gmdate('c')]]);
        ['version' => $versionAt, 'wrapped' => $wrappedAt] = $this->columns('tenant_keys');
        $version = $own[$versionAt];
        $key = unwrap(hex2bin($hex), 'tenant-key', $this->tenant, str_repeat("\0", 16), '',
            $version, (int) $epoch, $own[$wrappedAt]);
        $service = [];
        [$rows] = $this->ask(['service_keys', [$this->config['tenant']]]);
        ['name' => $nameAt, 'wrapped' => $wrappedAt] = $this->columns('service_keys');
        foreach ($rows as $row) {
            $service[$row[$nameAt]] = unwrap($key, 'service-key', $this->tenant,
                str_repeat("\0", 16), $row[$nameAt], 1, $version, $row[$wrappedAt]);
        }
        return ['key' => $key, 'version' => $version, 'service' => $service];
    }

    private function columns(string $statement): array
    {
        return $this->config['statements']['fixed'][$statement]['columns'];
    }

    // calls: [name, values], without the nonce; each commits by itself.
    private function ask(array ...$calls): array
    {
        $this->store ??= new Store($this->config['statements']['fixed'],
            $this->config['keystore']);
        return $this->store->read(array_map(fn ($call) => [$call[0], [1, ...$call[1]]], $calls));
    }

    // Of a person, and whether the session was ended.
    public function floors(string $subject, string $hash): array
    {
        [[$row]] = $this->ask(['floors', [$this->config['tenant'], $subject, bytea($hash)]]);
        return array_map(fn ($at) => $row[$at], $this->columns('floors'));
    }

    // Fetches those that are not cached, at once.  Each is kept as its version,
    // its floor, and the subkeys of CATEGORIES.
    public function need(array $ids): void
    {
        $ids = array_values(array_unique($ids));
        $this->owners = apcu_fetch($ids);
        $missing = array_values(array_filter($ids, fn ($id) => !isset($this->owners[$id])));
        if (!$missing) {
            return;
        }
        sort($missing);
        $tenant = apcu_fetch('keys');
        // The record of asking is committed first.
        $with = [uuid_new(), sql_array($missing)];
        [, $rows] = $this->ask(['owner_keys_ask', $with], ['owner_keys', $with]);
        ['owner' => $ownerAt, 'state' => $stateAt, 'version' => $versionAt,
            'wrapped' => $wrappedAt, 'authority' => $floorAt] = $this->columns('owner_keys');
        foreach ($rows as $row) {
            if ($row[$stateAt] !== 'active') {
                continue;
            }
            $id = $row[$ownerAt];
            $key = unwrap($tenant['key'], 'owner-key', $this->tenant, uuid($id), '',
                $row[$versionAt], $tenant['version'], $row[$wrappedAt]);
            $kept = pack('NN', $row[$versionAt], $row[$floorAt]);
            foreach (CATEGORIES as $category => $_) {
                $kept .= subkey($key, $category);
            }
            apcu_store($id, $kept);
            $this->owners[$id] = $kept;
        }
    }

    // The floor of somebody whose key is here.
    public function floor(string $id): int
    {
        return isset($this->owners[$id]) ? unpack('N', $this->owners[$id], 4)[1] : PHP_INT_MAX;
    }

    // row: has the owner's id, state and version, as the data know them, at `at`
    private function held(array $row, int $at, string $category): string
    {
        $kept = $this->owners[$row[$at]] ?? null;
        if ($kept === null || $row[$at + 1] !== 'active'
            || !str_starts_with($kept, pack('N', $row[$at + 2])))
        {
            throw new RuntimeException('no key');
        }
        return substr($kept, CATEGORIES[$category], 64);
    }

    public function value(array $row, int $at, string $category, string $field, string $record,
        ?string $sealed): ?string
    {
        return $sealed === null ? null : opened($this->held($row, $at, $category),
            place($this->tenant, uuid($row[$at]), $category, $field, uuid($record),
            $row[$at + 2]), $sealed);
    }

    public function sealed(array $row, int $at, string $category, string $field, string $record,
        string $text): string
    {
        return seal($this->held($row, $at, $category), place($this->tenant, uuid($row[$at]),
            $category, $field, uuid($record), $row[$at + 2]), $row[$at + 2], $text);
    }

    // Is a record what was stored, of a statement that reads its facts?
    public function intact(array $st, string $record, array $row, array $owner, int $at): bool
    {
        $category = $st['facts_of'];
        return facts_are($this->held($owner, $at, $category), $this->tenant, uuid($owner[$at]),
            uuid($record), $owner[$at + 2], $category,
            $this->config['statements']['facts'][$category], $row, $st['columns']);
    }

    // The facts of a record that is to be stored.
    public function facts(array $row, int $at, string $category, string $record,
        array $values): string
    {
        return facts_of($this->held($row, $at, $category), $this->tenant, uuid($row[$at]),
            uuid($record), $row[$at + 2], $category,
            $this->config['statements']['facts'][$category], $values);
    }
}
