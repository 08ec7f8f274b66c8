<?php
// Copyright (C) the Pupil authors
//
// PostgreSQL by PDO: persistent connections, on which the statements that
// Pupil composes are prepared once, by name, as PDO's own prepared statements
// end with each request.  The tenant of row-level security is set with the
// connection, as there is one.

declare(strict_types=1);

const TYPES = [16 => 'bool', 17 => 'bytea', 20 => 'int8', 23 => 'int4', 25 => 'text',
    1001 => 'bytea[]', 1007 => 'int4[]', 1009 => 'text[]', 1184 => 'timestamptz',
    2950 => 'uuid', 2951 => 'uuid[]'];

class Store
{
    protected PDO $pdo;

    public function __construct(private array $statements, array $to)
    {
        $this->pdo = new PDO($to['dsn'], $to['username'], $to['password'], [
            PDO::ATTR_PERSISTENT => true, PDO::ATTR_EMULATE_PREPARES => true,
            PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
    }

    // calls: [name, values]; what they gave, rows of columns.  Those that read
    // need no transaction around them; one that writes an audit record is on
    // disk when it gives its rows.
    public function read(array $calls): array
    {
        return $this->prepared($calls, fn () => array_map(fn ($call) => $this->query(
            $this->execute($call)), $calls));
    }

    // In one transaction, which is one simple query, and so one round trip:
    // what the last of them gave.
    public function last(array $calls): array
    {
        return $this->prepared($calls, fn () => $this->query(implode('; ',
            array_map($this->execute(...), $calls))));
    }

    // As read(), in one transaction, which begins with the first of them.
    public function together(array $calls): array
    {
        return $this->prepared($calls, function () use ($calls) {
            try {
                $begin = 'BEGIN; ';
                $results = [];
                foreach ($calls as $call) {
                    $results[] = $this->query($begin . $this->execute($call));
                    $begin = '';
                }
                $this->pdo->exec('COMMIT');
                return $results;
            } catch (PDOException $e) {
                $this->pdo->exec('ROLLBACK');
                throw $e;
            }
        });
    }

    // Again, when the connection did not know a statement.
    private function prepared(array $calls, Closure $run): array
    {
        try {
            return $run();
        } catch (PDOException $e) {
            if ($e->getCode() !== '26000') {
                throw $e;
            }
            $this->prepare($calls);
            return $run();
        }
    }

    protected function query(string $sql): array
    {
        return self::bytes($this->pdo->query($sql)->fetchAll(PDO::FETCH_NUM));
    }

    // bytea comes as a stream
    protected static function bytes(array $rows): array
    {
        foreach ($rows as &$row) {
            foreach ($row as &$value) {
                if (is_resource($value)) {
                    $value = stream_get_contents($value);
                }
            }
        }
        return $rows;
    }

    protected function execute(array $call): string
    {
        [$name, $values] = $call;
        $list = '';
        foreach ($values as $value) {
            $list .= $value === null ? ',NULL'
                : (is_int($value) ? ",$value" : ',' . $this->pdo->quote($value));
        }
        return "EXECUTE \"$name\" (" . substr($list, 1) . ')';
    }

    private function prepare(array $calls): void
    {
        foreach ($calls as [$name]) {
            $known = $this->query('SELECT count(*) FROM pg_prepared_statements WHERE name = '
                . $this->pdo->quote($name))[0][0];
            if (!$known) {
                $of = $this->statements[$name];
                $types = implode(', ', array_map(fn ($oid) => TYPES[$oid], $of['oids']));
                $this->pdo->exec("PREPARE \"$name\" ($types) AS {$of['sql']}");
            }
        }
    }
}

function uuid_new(): string
{
    $r = random_bytes(16);
    $r[6] = chr(ord($r[6]) & 0x0f | 0x40);
    $r[8] = chr(ord($r[8]) & 0x3f | 0x80);
    return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($r), 4));
}

function bytea(string $bytes): string
{
    return '\x' . bin2hex($bytes);
}

// An array's text: none of the values has quotes.
function sql_array(array $values): string
{
    return '{' . implode(',', array_map(fn ($v) => $v === null ? 'NULL'
        : '"' . str_replace('\\', '\\\\', (string) $v) . '"', $values)) . '}';
}
