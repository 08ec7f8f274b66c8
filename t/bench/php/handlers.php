<?php
// Copyright (C) the Pupil authors
//
// What each location answers: [status, body].  The same work as Pupil's: the
// session checked, the same statements, the same fields opened, the audit
// record durable before the answer, the same JSON.

declare(strict_types=1);

const NETWORK = '127.0.0.0/24';
const NO_ID = '00000000-0000-0000-0000-000000000000';
const SESSION_VALID = 15;
const LIST_ST = 'homework_pupil_list';
const OWN_ST = 'homework_pupil_progress';
const OVERVIEW_ST = 'homework_overview';
const RESULTS_ST = 'homework_results';
const UNKNOWN = [401, ['status' => 401]];

class Handlers
{
    private string $tenant;
    private array $once = [];

    public function __construct(private array $config, private Store $store, private Keys $keys)
    {
        $this->tenant = uuid($config['tenant']);
    }

    private function at(string $statement, string $want): int
    {
        return $this->config['statements'][$statement]['columns'][$want];
    }

    private function common(?array $s): array
    {
        $r = random_bytes(16);
        $r[6] = chr(ord($r[6]) & 0x0f | 0x40);
        $r[8] = chr(ord($r[8]) & 0x3f | 0x80);
        $request = vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($r), 4));
        header("X-Request-Id: $request");
        return [1, $this->config['tenant'], $request, $s['subject'] ?? null,
            $s['role'] ?? 'none', $s['institution'] ?? null, NETWORK];
    }

    // Sessions, with a cache in front as Pupil's zone is

    private function session(): ?array
    {
        if (!preg_match('/^[A-Za-z0-9_-]{43}$/', $_COOKIE['__Host-pupil'] ?? '')) {
            return null;
        }
        $token = sodium_base642bin($_COOKIE['__Host-pupil'],
            SODIUM_BASE64_VARIANT_URLSAFE_NO_PADDING);
        $hash = keyed($this->keys->service['token'], 'pupil.session.v1', $token);
        $s = apcu_fetch($hash);
        if ($s === false) {
            $s = $this->sessionLoad($hash);
            if ($s === null) {
                return null;
            }
            apcu_store($hash, $s, SESSION_VALID);
        }
        $s['token'] = $token;
        return $s;
    }

    private function sessionLoad(string $hash): ?array
    {
        [[$row]] = $this->store->read([['session load',
            [...$this->common(null), bytea($hash)]]]);
        if ($row[1] === null) {
            return null;
        }
        $key = $this->keys->service['mac'];
        $times = array_map(fn ($t) => (int) (new DateTimeImmutable($t))->format('Uu'),
            [$row[4], $row[5], $row[6]]);
        $good = session_is($key, $this->tenant, $hash, $row, 1, $times)
            && role_is($key, $this->tenant, $row, 8) && subject_is($key, $this->tenant, $row, 15)
            && $row[16] === 'active' && $row[19] !== 'erased'
            && $times[2] >= microtime(true) * 1e6;
        return $good ? ['subject' => $row[1], 'role' => $row[2], 'institution' => $row[3]] : null;
    }

    private function csrf(array $s): bool
    {
        $made = keyed($this->keys->service['token'], 'pupil.csrf.v1', $s['token']);
        return hash_equals(sodium_bin2base64($made, SODIUM_BASE64_VARIANT_URLSAFE_NO_PADDING),
            $_SERVER['HTTP_X_PUPIL_CSRF'] ?? '');
    }

    // Evidence

    private function authentic(array $row, int $at): bool
    {
        return $row[$at] !== null
            && enrolment_is($this->keys->service['mac'], $this->tenant, $row, $at);
    }

    // By id, of authentic enrolments: the row that has the class as owner.
    private function classes(array $rows): array
    {
        $all = [];
        foreach ($rows as $row) {
            if ($this->authentic($row, 1)) {
                $all[$row[3]] = $row;
            }
        }
        return $all;
    }

    // The parts of answers

    private static function time(string $text): string
    {
        return strtr($text, [' ' => 'T', '+00' => 'Z']);
    }

    // rows: submissions of one pupil, who as owner is at $keyAt of $key
    private function score(array $rows, ?array $key, int $keyAt, string $st, array $exercises,
        int $timeAt): array
    {
        $exercise = $this->at($st, 'progress.exercise_id');
        $done = $this->at($st, 'progress.done');
        $result = $this->at($st, 'progress.result');
        $ids = array_column($exercises, null, 'id');
        $sum = $last = null;
        $completed = $count = 0;
        foreach ($rows as $row) {
            if (!isset($ids[$row[$exercise]])) {
                continue;
            }
            if ($row[$result] !== null) {
                $raw = json_decode($this->keys->value($key ?? $row, $keyAt, 'progress', 'result',
                    $row[1], $row[$result]), true)['score']['raw'] ?? null;
                $sum = $raw === null ? $sum : ($sum ?? 0) + $raw;
            }
            $count++;
            $completed += $row[$done] ? 1 : 0;
            $last = max($last, $row[$timeAt]);
        }
        return ['status' => $count === 0 ? 'not_started'
                : ($completed >= count($exercises) ? 'completed' : 'in_progress'),
            'score' => $sum, 'exercises_done' => $completed,
            'updated_at' => $last === null ? null : self::time($last)];
    }

    private function name(array $row, int $at, string $st): ?string
    {
        $parts = [];
        foreach (['given_name', 'family_name'] as $field) {
            $parts[] = $this->keys->value($row, $at, 'identity', $field, $row[$at],
                $row[$this->at($st, "identity.$field")]);
        }
        return implode(' ', array_filter($parts)) ?: null;
    }

    private function homework(array $row, array $mine, string $st): array
    {
        $owner = $mine[$row[2]];
        $get = fn ($field) => $this->keys->value($owner, 10, 'homework', $field, $row[1],
            $row[$this->at($st, "homework.$field")]);
        $item = ['id' => $row[1], 'title' => $get('title')];
        $description = $get('description');
        if ($description !== null) {
            $item['description'] = $description;
        }
        // what comes more than once in an answer is worked out once
        $title = $this->once["class $row[2]"] ??= $this->keys->value($owner, 10, 'enrolment',
            'class_title', $row[2], $row[$this->at($st, 'enrolment.class_title')]);
        $teacher = $row[5] === null ? null : ($this->once["teacher $row[5]"]
            ??= $this->authentic($row, 5) ? $this->name($row, 14, $st) : null);
        return $item + ['class' => ['id' => $row[2], 'title' => $title],
            'assigned_at' => self::time($row[$this->at($st, 'homework.assigned_at')]),
            'due_at' => self::time($row[$this->at($st, 'homework.due_at')]),
            'assigned_by' => ['display_name' => $teacher],
            'exercises' => json_decode($get('exercises'), true)];
    }

    private static function page(?string $one = null): array
    {
        $now = gmdate('Y-m-d\TH:i:s\Z');
        return $one === null ? ['f', $now, $now, NO_ID, 50, null]
            : ['t', $now, '1970-01-01T00:00:00Z', NO_ID, 1, $one];
    }

    public function list(): array
    {
        $s = $this->session();
        if ($s === null || $s['role'] !== 'pupil') {
            return UNKNOWN;
        }
        $base = $this->common($s);
        $asked = [...$base, ...self::page()];
        [$evidence, $progress, $rows] = $this->store->read([
            ['homework_evidence', [...$base, null]], [OWN_ST, $asked],
            ['audited ' . LIST_ST, $asked]]);
        $mine = $this->classes($evidence);
        $rows = array_filter($rows, fn ($r) => $r[1] !== null && isset($mine[$r[2]]));
        $needed = [$s['subject']];
        foreach ($rows as $row) {
            $needed[] = $row[2];
            if ($row[14] !== null) {
                $needed[] = $row[14];
            }
        }
        $this->keys->need($needed);

        $of = [];
        $homework = $this->at(OWN_ST, 'progress.homework_id');
        foreach ($progress as $row) {
            $of[$row[$homework]][] = $row;
        }
        $all = [];
        foreach ($rows as $row) {
            $item = $this->homework($row, $mine, LIST_ST);
            $score = $this->score($of[$row[1]] ?? [], null, 3, OWN_ST, $item['exercises'], 2);
            $max = array_column($item['exercises'], 'max_score');
            $item['progress'] = ['status' => $score['status'], 'score' => $score['score'],
                'max_score' => $max ? array_sum($max) : null] + $score;
            $all[] = $item;
        }
        return [200, ['homework' => $all, 'next' => null]];
    }

    public function overview(string $id): array
    {
        $s = $this->session();
        if ($s === null || $s['role'] !== 'teacher') {
            return UNKNOWN;
        }
        $base = $this->common($s);
        [$evidence, $results, [$row], $pupils] = $this->store->read([
            ['homework_evidence', [...$base, null]], [RESULTS_ST, [...$base, $id]],
            ['homework_teacher_list', [...$base, ...self::page($id)]],
            ['audited ' . OVERVIEW_ST, [...$base, $id]]]);
        $mine = $this->classes($evidence);
        if (!isset($mine[$row[2]])) {
            return [404, ['status' => 404]];
        }
        $pupils = array_filter($pupils, fn ($p) => $this->authentic($p, 1) && $p[3] === $row[2]);
        $needed = [$row[2], ...array_column($pupils, 10)];
        if ($row[14] !== null) {
            $needed[] = $row[14];
        }
        $this->keys->need($needed);

        $item = $this->homework($row, $mine, 'homework_teacher_list');
        $of = [];
        foreach ($results as $result) {
            $of[$result[2]][] = $result;
        }
        $list = [];
        $counts = ['not_started' => 0, 'completed' => 0, 'in_progress' => 0];
        foreach ($pupils as $p) {
            $score = $this->score($of[$p[10]] ?? [], $p, 10, RESULTS_ST, $item['exercises'],
                3);
            $counts[$score['status']]++;
            $list[] = ['id' => $p[10], 'display_name' => $this->name($p, 10, OVERVIEW_ST)] + $score;
        }
        unset($counts['not_started']);
        return [200, ['homework' => $item, 'pupils' => $list,
            'summary' => ['pupils' => count($list)] + $counts]];
    }

    // What submissions rely on, kept as Pupil keeps it: the statement compares
    // it with what is stored, and writes nothing when it is no longer so. Of
    // exercises the class that was given them, and the hash of the homework's
    // facts.

    private function evidence(array $s, array $base, array $items): array
    {
        $given = array_unique(array_map(fn ($i) => uuid_text($i->homework_id), $items));
        [$rows, $homework] = $this->store->read([['progress_evidence', $base],
            ['progress_assigned', [...$base, sql_array($given)]]]);
        $proofs = array_column(array_filter($rows, fn ($row) => $this->authentic($row, 4)),
            null, 6);
        $homework = array_filter($homework, fn ($row) => isset($proofs[$row[1]]));
        $this->keys->need(array_column($homework, 1));
        foreach ($homework as $row) {
            // as much work as Pupil's check of the facts
            keyed($this->keys->service['fingerprint'], 'facts', uuid($row[1]) . uuid($row[4])
                . str($row[6]));
            foreach (explode(',', trim($row[6], '{}')) as $exercise) {
                apcu_store("assigned $row[4] $exercise",
                    ['class' => $row[1], 'hash' => substr($row[5], -32)]);
            }
        }
        $made = ['own' => $rows[0], 'proofs' => $proofs];
        apcu_store("evidence $s[subject] $s[institution]", $made);
        return $made;
    }

    private function assigned(object $item): ?array
    {
        return apcu_fetch("assigned $item->homework_id $item->exercise_id") ?: null;
    }

    // All that the items rely on is kept.
    private function relied(array|false $evidence, array $items): bool
    {
        foreach ($items as $item) {
            if (!$evidence || !isset($evidence['proofs'][$this->assigned($item)['class'] ?? ''])) {
                return false;
            }
        }
        return true;
    }

    private function put(array $s, array $base, array $items, array $evidence): array
    {
        $own = $evidence['own'];
        $put = fn ($item, $field, $value) => bytea($this->keys->sealed($own, 1, 'progress', $field,
            $item->id, json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE)));
        $result = array_flip(['score', 'success', 'completion', 'duration', 'timestamp']);
        $print = fn ($item) => bytea(keyed($this->keys->service['fingerprint'],
            'pupil.fingerprint.v1', str(json_encode($item))));
        $given = array_map(fn ($item) => $this->assigned($item), $items);
        $used = array_values(array_unique(array_column(array_filter($given), 'class')));
        $proofs = array_map(fn ($class) => $evidence['proofs'][$class], $used);
        $relied = array_map(fn ($at) => sql_array(array_map(fn ($row) => match ($at) {
            10 => $row[$at] ?? DATE_NONE, 12 => bytea($row[$at]), default => $row[$at],
        }, $proofs)), [4, 6, 9, 10, 11, 12]);
        // as long, and as much work, as Pupil's own, which is all that matters here
        $facts = fn ($item, $a) => $a ? bytea(str_repeat("\0", 64)
            . keyed($this->keys->service['fingerprint'], 'facts', uuid($item->homework_id)
                . uuid($a['class']) . uuid($item->exercise_id)
                . str(($item->completion ?? null) === false ? '0' : '1'))) : null;
        $of = fn ($make) => sql_array(array_map($make, $items));
        $lock = unpack('N2', uuid($s['subject']));
        return $this->store->last([
            ['progress_lock', [...$base, ...array_map(fn ($n) => $n > DATE_NONE ? $n - (1 << 32) : $n,
                array_values($lock))]],
            ['progress_submit', [...$base, $of(fn ($i) => uuid_text($i->id)),
                $of(fn ($i) => uuid_text($i->homework_id)), $of(fn ($i) => uuid_text($i->exercise_id)),
                $of(fn ($i) => $put($i, 'answer', $i->answer)),
                $of(fn ($i) => $put($i, 'result', array_intersect_key((array) $i, $result))),
                $of($print), $of(fn ($i) => ($i->completion ?? null) === false ? 0 : 1), $own[3],
                ...$relied,
                sql_array(array_map(fn ($a) => $a ? array_search($a['class'], $used) + 1 : 0, $given)),
                sql_array(array_map(fn ($a) => $a ? bytea($a['hash']) : null, $given)),
                sql_array(array_map($facts, $items, $given)),
                // of its audit record; writer, number and MACs are Pupil's own
                gmdate('c'), 0, 0, bytea(str_repeat("\0", 96))]]]);
    }

    public function submit(): array
    {
        $s = $this->session();
        if ($s === null || $s['role'] !== 'pupil' || !$this->csrf($s)) {
            return UNKNOWN;
        }
        $body = json_decode(file_get_contents('php://input'), false, 16, JSON_THROW_ON_ERROR);
        $items = is_array($body) ? $body : [$body];
        $base = $this->common($s);
        $this->keys->need([$s['subject']]);

        $kept = apcu_fetch("evidence $s[subject] $s[institution]");
        $done = $this->relied($kept, $items) ? $this->put($s, $base, $items, $kept) : null;
        if ($done === null || $done[0][2] === 'stale') {
            $done = $this->put($s, $base, $items, $this->evidence($s, $base, $items));
        }
        if (!is_array($body)) {
            $code = ['stored' => 201, 'replayed' => 200, 'conflict' => 409, 'refused' => 404];
            return [$code[$done[0][2]], ['id' => $body->id, 'status' => $done[0][2]]];
        }
        return [200, ['results' => array_map(fn ($item, $row) => ['id' => $item->id,
            'status' => $row[2]], $items, $done)]];
    }
}

function uuid_text(string $text): string
{
    if (!preg_match('/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/D', $text)) {
        throw new RuntimeException('no UUID');
    }
    return $text;
}
