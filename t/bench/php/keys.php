<?php
// Copyright (C) the Pupil authors
//
// Keys: those of the tenant and of owners, in APCu's shared memory once they
// were fetched from the key store.

declare(strict_types=1);

const CATEGORIES = ['identity' => 4, 'enrolment' => 68, 'homework' => 132, 'progress' => 196];

class Keys
{
    public array $service;
    private array $owners = [];
    private string $tenant;
    private ?PDO $pdo = null;

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
        $rows = $this->ask('SELECT version, wrapped FROM keystore.tenant_key');
        $version = $rows[0][0];
        $key = unwrap(hex2bin($hex), 'tenant-key', $this->tenant, str_repeat("\0", 16), '',
            $version, (int) $epoch, $rows[0][1]);
        $service = [];
        foreach ($this->ask('SELECT name, wrapped FROM keystore.service_key') as $row) {
            $service[$row[0]] = unwrap($key, 'service-key', $this->tenant,
                str_repeat("\0", 16), $row[0], 1, $version, $row[1]);
        }
        return ['key' => $key, 'version' => $version, 'service' => $service];
    }

    private function ask(string $sql): array
    {
        if ($this->pdo === null) {
            $to = $this->config['keystore'];
            $this->pdo = new PDO($to['dsn'], $to['username'], $to['password'], [
                PDO::ATTR_PERSISTENT => true, PDO::ATTR_EMULATE_PREPARES => true,
                PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
        }
        $rows = $this->pdo->query($sql)->fetchAll(PDO::FETCH_NUM);
        foreach ($rows as &$row) {
            foreach ($row as &$value) {
                $value = is_resource($value) ? stream_get_contents($value) : $value;
            }
        }
        return $rows;
    }

    // Fetches those that are not cached, at once.  Each is kept as its version
    // and the subkeys of CATEGORIES.
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
        $with = "('" . vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex(random_bytes(16)), 4))
            . "', '" . sql_array($missing) . "')";
        $this->ask('SELECT FROM keystore.ask_owner_keys' . $with);
        $rows = $this->ask('SELECT owner, state, version, wrapped'
            . ' FROM keystore.fetch_owner_keys' . $with);
        foreach ($rows as [$id, $state, $version, $wrapped]) {
            if ($state !== 'active') {
                continue;
            }
            $key = unwrap($tenant['key'], 'owner-key', $this->tenant, uuid($id), '', $version,
                $tenant['version'], $wrapped);
            $kept = pack('N', $version);
            foreach (CATEGORIES as $category => $_) {
                $kept .= subkey($key, $category);
            }
            apcu_store($id, $kept);
            $this->owners[$id] = $kept;
        }
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
}
