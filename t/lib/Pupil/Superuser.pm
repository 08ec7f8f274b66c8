package Pupil::Superuser;

# Copyright (C) the Pupil authors
#
# What a superuser of the data database could do to the log of a tenant, by SQL
# and DDL; of what the tables are, and nothing of how they are verified.
#
#     Pupil::Superuser::looks_at($db, $tenant, $another);
#     my %mutations = Pupil::Superuser::mutations();
#     Pupil::Superuser::works_on($db);
#     my $touched = $mutations{$name}->();        # and commits

use v5.36;

# Of the log as it was, and the handle that is worked on.
my ($db, $tenant, $there, $MINE, $batches, $last, $month);
my (%batch_of, @records, @sealed, @open, @tiles, @listed);
my @partitions = qw(audit_record audit_subject);


sub works_on ($dbh) { $db = $dbh }

sub looks_at ($dbh, $whose, $other) {
    ($db, $tenant, $there) = ($dbh, $whose, $other);
    $MINE = "tenant = '$tenant'";

    $batches = $db->selectall_hashref('SELECT * FROM pupil.seal WHERE tenant = '
        . $db->quote($tenant), 'batch');
    for my $batch (values %$batches) {
        for my $i (0 .. $#{ $batch->{writers} }) {
            $batch_of{"$batch->{writers}[$i] $_"} = $batch->{batch}
                for $batch->{firsts}[$i] .. $batch->{lasts}[$i];
        }
    }
    @records = @{ $db->selectall_arrayref('SELECT writer, number, at, role,'
        . ' cardinality(subjects) AS subjects, outcome FROM pupil.audit_record'
        . ' WHERE tenant = ? AND number IS NOT NULL', { Slice => {} },
        $tenant) };
    @sealed = grep { $batch_of{"$_->{writer} $_->{number}"} } @records;
    # the newest of a writer that is not sealed can be taken back: see
    # docs/privacy.md
    my %newest;
    for (sort { $a->{number} <=> $b->{number} } @records) {
        $newest{ $_->{writer} } = $_->{number};
    }
    @open = grep { !$batch_of{"$_->{writer} $_->{number}"}
                  && $_->{role} ne 'gateway'
                  && $_->{number} < $newest{ $_->{writer} } } @records;
    @tiles = @{ $db->selectall_arrayref('SELECT level, tile, length(hashes) AS'
        . ' len FROM pupil.seal_tile WHERE tenant = ?', { Slice => {} },
        $tenant) };
    @listed = @{ $db->selectall_arrayref('SELECT subject, at, writer, number,'
        . ' event FROM pupil.audit_subject WHERE tenant = ?', { Slice => {} },
        $tenant) };
    $month = (sort map { $_->{at} } @records)[-1] =~ s/-\d\d .*//r;
    $last = (sort { $a <=> $b } keys %$batches)[-1];
}

sub counts () {
    return (sealed => scalar @sealed, open => scalar @open,
            high => scalar grep { $_->{level} == 1 } @tiles);
}


# ---- what a superuser could do

sub one (@list) { $list[rand @list] }
sub other ($from, @list) {
    for (1 .. 1000) { my $pick = one(@list); return $pick if $pick != $from }
    die 'no other';
}
sub text ($r) { "(tenant, writer, number) = ('$tenant', $r->{writer},"
                . " $r->{number})" }
sub of (@r) {
    return { numbers => [map { [$_->{writer}, $_->{number}] } @r],
             batches => [grep { defined } map {
                 $batch_of{"$_->{writer} $_->{number}"} } @r] };
}
sub batch ($n) { { batches => [ref $n ? @$n : $n] } }
sub named ($text) { { text => $text } }
sub row_of ($column) {
    return 'SELECT ' . join(', ', map { $column->{$_} // $_ } qw(at tenant
        request actor role institution shape policy outcome network subjects
        note writer number mac)) . ' FROM pupil.audit_record';
}
sub month_of ($r) { $r->{at} =~ /^(\d+)-(\d+)/ ? "$1_$2" : die }

# A change of a row of pupil.audit_record, of any of these records.
sub edits ($set, $which = 'any', @from) {
    return sub {
        my $r = one($which eq 'open' ? @open : @sealed);
        do_("UPDATE pupil.audit_record SET $set WHERE " . text($r));
        return of($r);
    };
}
sub do_ (@sql) { my $rows = 0; $rows += $db->do($_) for @sql; return $rows }

# Of a batch's row, but for those at an edge where it would change nothing.
sub batch_edit ($set, @more) {
    return sub {
        my $n = one(sort keys %$batches);
        do_("UPDATE pupil.seal SET $set WHERE $MINE AND batch = $n"
            . join '', map { " AND $_" } @more);
        return batch($n);
    };
}
sub tile_edit ($set, $where = 'true') {
    return sub {
        my $t = one(@tiles);
        do_("UPDATE pupil.seal_tile SET $set WHERE $MINE AND"
            . " (level, tile) = ($t->{level}, $t->{tile}) AND $where");
        return { tiles => [$t], batches => [keys %$batches] };
    };
}
sub listed_edit ($sql) {
    return sub {
        my $l = one(@listed);
        my $where = "($MINE AND subject = '$l->{subject}' AND at = '$l->{at}'"
            . " AND writer = $l->{writer} AND number = $l->{number})";
        do_($sql =~ s/WHERE/WHERE $where/r);
        return { events => [$l->{event}], batches => [grep {
            $_->{event} <= $l->{event}
            && $l->{event} < $_->{event} + $_->{events} } values %$batches],
            of($l)->%* };
    };
}
sub view_of ($name, $columns, $where = 'true') {
    return sub {
        do_("ALTER TABLE pupil.$name RENAME TO kept_$name",
            "CREATE VIEW pupil.$name AS SELECT $columns FROM pupil.kept_$name"
            . " WHERE $where",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON pupil.$name TO"
            . ' pupil_gateway, pupil_operator');
        return named($name);
    };
}
sub ddl ($name, @sql) { sub { do_(@sql); named($name) } }

# By name: each does something, and says what it has touched.
sub mutations () { return (
    # ---- records
    'an outcome' => edits("outcome = CASE outcome WHEN 'allowed' THEN"
        . " 'refused' ELSE 'allowed' END"),
    'a role' => edits("role = role || 's'"),
    'an actor' => edits('actor = gen_random_uuid()'),
    'no actor' => sub {
        my $r = one(grep { $_->{role} =~ /pupil|teacher/ } @sealed);
        do_('UPDATE pupil.audit_record SET actor = NULL WHERE ' . text($r));
        return of($r);
    },
    'a request' => edits('request = gen_random_uuid()'),
    'an institution' => edits('institution = gen_random_uuid()'),
    'a shape' => edits("shape = sha256('x')"),
    'a policy' => edits("policy = sha256('x')"),
    'a network' => edits("network = '203.0.113.0/24'"),
    'a note' => edits("note = coalesce(note, '') || ' '"),
    'subjects' => edits("subjects = subjects || gen_random_uuid()"),
    'subjects twice' => edits('subjects = subjects || subjects ||'
        . " '{00000000-0000-0000-0000-000000000000}'"),
    'a MAC' => edits("mac = sha256(mac)"),
    'no MAC' => edits('mac = NULL'),
    'no number' => edits('number = NULL'),
    'no writer' => edits('writer = NULL'),
    'a moment later' => edits("at = at + interval '1 us'"),
    'a day later' => edits("at = at + interval '1 day'"),
    'another month' => edits("at = at + interval '31 days'"),
    'another tenant' => edits("tenant = '" . $there . "'"),
    'another writer' => edits('writer = writer + 1'),
    'a number behind all' => edits('number = number + 100000'),
    'a record' => sub {
        my $r = one(@sealed);
        do_('DELETE FROM pupil.audit_record WHERE ' . text($r));
        return of($r);
    },
    'a record that is not sealed' => sub {
        my $r = one(@open);
        do_('DELETE FROM pupil.audit_record WHERE ' . text($r));
        return of($r);
    },
    'an outcome that is not sealed' => edits("outcome = CASE outcome WHEN"
        . " 'allowed' THEN 'refused' ELSE 'allowed' END", 'open'),
    'subjects that are not sealed' => edits('subjects = subjects ||'
        . ' gen_random_uuid()', 'open'),
    'another tenant, not sealed' => edits("tenant = '" . $there . "'",
        'open'),
    'another month, not sealed' => edits("at = at - interval '31 days'",
        'open'),
    'a copy' => sub {
        my $r = one(@sealed);
        do_('INSERT INTO pupil.audit_record ' . row_of({}) . ' WHERE '
            . text($r));
        return of($r);
    },
    'a copy of another time' => sub {
        my $r = one(@sealed);
        do_('INSERT INTO pupil.audit_record '
            . row_of({ at => "at + interval '1 s'" }) . ' WHERE ' . text($r));
        return of($r);
    },
    'a copy under a new number' => sub {
        my $r = one(@sealed);
        my ($number) = $db->selectrow_array('SELECT max(number) + 1 FROM'
            . " pupil.audit_record WHERE $MINE AND writer = $r->{writer}");
        do_('INSERT INTO pupil.audit_record ' . row_of({ number => $number })
            . ' WHERE ' . text($r));
        return of($r, { %$r, number => $number });
    },
    'an invented writer' => sub {
        my $r = one(@sealed);
        do_('INSERT INTO pupil.audit_record '
            . row_of({ writer => 4711, number => 1 }) . ' WHERE ' . text($r));
        return of({ writer => 4711, number => 1 });
    },
    'two change places' => sub {
        my %of;
        push @{ $of{$_->{writer}} }, $_ for @sealed;
        my @by = @{ one(grep { @$_ > 1 } values %of) };
        my $r = one(@by);
        my $o = other($r, @by);
        do_('UPDATE pupil.audit_record SET number = CASE number WHEN '
            . "$r->{number} THEN $o->{number} ELSE $r->{number} END WHERE "
            . text($r) . ' OR ' . text($o));
        return of($r, $o);
    },
    'two change places, MACs stay' => sub {
        my $r = one(@sealed);
        my $o = other($r, @sealed);
        my @rows = map { $db->selectrow_hashref('SELECT writer, number, at,'
            . " encode(mac, 'hex') AS mac, ctid, tableoid::regclass AS part"
            . ' FROM pupil.audit_record WHERE ' . text($_)) } $r, $o;
        $db->do('UPDATE ' . $rows[$_]{part} . ' SET writer = ?, number = ?,'
            . " mac = decode(?, 'hex') WHERE ctid = ?", {},
            @{ $rows[1 - $_] }{qw(writer number mac)}, $rows[$_]{ctid})
            for 0, 1;
        return of($r, $o);
    },
    'subjects change places' => sub {
        my $r = one(grep { $_->{subjects} } @sealed);
        my ($of) = $db->selectrow_array('SELECT subjects FROM'
            . ' pupil.audit_record WHERE ' . text($r));
        my $o = one(grep { !$_->{subjects} } @sealed);
        do_("UPDATE pupil.audit_record SET subjects = '{}' WHERE " . text($r),
            "UPDATE pupil.audit_record SET subjects = '{"
            . join(',', @$of) . "}' WHERE " . text($o));
        return of($r, $o);
    },
    'all is renumbered' => sub {
        my $r = one(@sealed);
        my ($max) = $db->selectrow_array('SELECT max(number) FROM'
            . " pupil.audit_record WHERE $MINE AND writer = $r->{writer}");
        do_('DELETE FROM pupil.audit_record WHERE ' . text($r),
            "UPDATE pupil.audit_record SET number = number - 1 WHERE $MINE AND"
            . " writer = $r->{writer} AND number > $r->{number}",
            "UPDATE pupil.seal_writer SET number = number - 1 WHERE $MINE AND"
            . " writer = $r->{writer}");
        for my $batch (map { $batches->{$_} } sort keys %$batches) {
            my $n = $batch->{batch};
            for my $i (0 .. $#{ $batch->{writers} }) {
                next if $batch->{writers}[$i] != $r->{writer}
                        || $batch->{lasts}[$i] < $r->{number};
                my $k = $i + 1;
                do_("UPDATE pupil.seal SET lasts[$k] = lasts[$k] - 1,"
                    . " events = events - 1 WHERE $MINE AND batch = $n")
                    if $batch->{firsts}[$i] <= $r->{number};
                do_("UPDATE pupil.seal SET firsts[$k] = firsts[$k] - 1,"
                    . " lasts[$k] = lasts[$k] - 1 WHERE $MINE AND batch = $n")
                    if $batch->{firsts}[$i] > $r->{number};
            }
        }
        return of($r, { writer => $r->{writer}, number => $r->{number} + 1 },
                  { writer => $r->{writer}, number => $max });
    },
    'what is not sealed is renumbered' => sub {
        my $r = one(@open);
        my ($max) = $db->selectrow_array('SELECT max(number) FROM'
            . " pupil.audit_record WHERE $MINE AND writer = $r->{writer}");
        do_('DELETE FROM pupil.audit_record WHERE ' . text($r),
            "UPDATE pupil.audit_record SET number = number - 1 WHERE $MINE AND"
            . " writer = $r->{writer} AND number > $r->{number}");
        return of($r, map { { writer => $r->{writer}, number => $_ } }
                  $r->{number} .. $max);
    },
    'a whole writer' => sub {
        my $r = one(@sealed);
        do_("DELETE FROM pupil.audit_record WHERE $MINE AND writer ="
            . " $r->{writer}");
        return of(grep { $_->{writer} == $r->{writer} } @records);
    },
    'all records' => sub {
        do_("DELETE FROM pupil.audit_record WHERE $MINE");
        return batch([keys %$batches]);
    },
    'a month is dropped' => sub {
        my $r = one(@sealed);
        do_(map { "DROP TABLE pupil.${_}_" . month_of($r) } @partitions);
        return { text => 'no partition', of(grep {
            month_of($_) eq month_of($r) } @sealed)->%* };
    },
    'a month is detached' => sub {
        my $r = one(grep { $_->{at} lt $month } @sealed);
        do_('ALTER TABLE pupil.audit_record DETACH PARTITION'
            . ' pupil.audit_record_' . month_of($r));
        return of(grep { month_of($_) eq month_of($r) } @sealed);
    },
    'a month of lists is dropped' => sub {
        my $r = one(@listed);
        do_('DROP TABLE pupil.audit_subject_' . month_of($r));
        return of(@sealed);
    },
    'another shape' => sub {
        do_('DELETE FROM pupil.audit_shape WHERE shape = (SELECT shape FROM'
            . ' pupil.audit_record WHERE ' . text(my $r = one(@sealed)) . ')');
        return named('shape');
    },

    # ---- batches
    'a batch\'s missing' => batch_edit('missing = missing + 1'),
    'when a batch was sealed' => batch_edit("at = CASE WHEN random() < 0.5"
        . " THEN until - interval '2 days' ELSE now() + interval '1 hour' END"),
    'since when a batch is' => batch_edit("since = since - interval '1 day'"),
    'until when a batch is' => batch_edit("until = until + interval '1 day'"),
    'since when, narrowed' => batch_edit("since = since + interval '1 us'"),
    'until when, narrowed' => batch_edit("until = until - interval '1 us'"),
    'the events of a batch' => batch_edit('events = events + 1'),
    'the event of a batch' => batch_edit('event = event + 1'),
    'the size of a batch' => batch_edit('size = size - 1'),
    'a batch\'s note' => batch_edit("note = translate(note, 'abcdeABCDE',"
        . " 'bcdeaBCDEA')"),
    'a batch\'s note ends' => batch_edit("note = note || ' '"),
    'a batch\'s note is that before' => sub {
        my $n = one(grep { $_ > 1 } keys %$batches);
        do_("UPDATE pupil.seal a SET note = b.note FROM pupil.seal b WHERE"
            . " a.tenant = b.tenant AND a.batch = $n AND b.batch = $n - 1"
            . " AND a.$MINE");
        return batch($n);
    },
    'a batch of another tenant' => sub {
        my $n = one(keys %$batches);
        do_("UPDATE pupil.seal a SET note = b.note FROM pupil.seal b WHERE"
            . " a.$MINE AND a.batch = $n AND b.tenant = '"
            . $there . "' AND b.batch = 1");
        return batch($n);
    },
    'no batch' => sub {
        my $n = one(keys %$batches);
        do_("DELETE FROM pupil.seal WHERE $MINE AND batch = $n");
        return batch([$n - 1, $n, $n + 1]);
    },
    'no batch, and those behind are renumbered' => sub {
        my $n = one(grep { $_ < $last } keys %$batches);
        do_("DELETE FROM pupil.seal WHERE $MINE AND batch = $n",
            "UPDATE pupil.seal SET batch = batch - 1, event = event -"
            . " $batches->{$n}{events} WHERE $MINE AND batch > $n");
        return batch([$n, $n + 1]);
    },
    'a batch behind all' => sub {
        do_('INSERT INTO pupil.seal SELECT tenant, batch + 1, event, events,'
            . ' size, since, until, writers, firsts, lasts, missing, note, at'
            . " FROM pupil.seal WHERE $MINE AND batch = $last");
        return batch($last + 1);
    },
    'a batch before all' => sub {
        do_('ALTER TABLE pupil.seal DROP CONSTRAINT seal_batch_check',
            'INSERT INTO pupil.seal SELECT tenant, 0, 0, 0, 0, since, until,'
            . " '{}', '{}', '{}', 0, note, at FROM pupil.seal WHERE $MINE AND"
            . ' batch = 1');
        return batch([0, 1]);
    },
    'batches change places' => sub {
        my $n = one(grep { $_ < $last } keys %$batches);
        do_("UPDATE pupil.seal SET batch = batch + 1000 WHERE $MINE AND batch"
            . " IN ($n, $n + 1)",
            "UPDATE pupil.seal SET batch = CASE batch - 1000 WHEN $n THEN $n"
            . " + 1 ELSE $n END WHERE $MINE AND batch > 1000");
        return batch([$n, $n + 1]);
    },
    'writers change places' => sub {
        my $n = one(grep { @{ $batches->{$_}{writers} } > 1 } keys %$batches)
            // die;
        do_('UPDATE pupil.seal SET writers = array_prepend(writers[2],'
            . ' array_prepend(writers[1], writers[3:])),'
            . ' firsts = array_prepend(firsts[2], array_prepend(firsts[1],'
            . ' firsts[3:])), lasts = array_prepend(lasts[2],'
            . ' array_prepend(lasts[1], lasts[3:]))'
            . " WHERE $MINE AND batch = $n");
        return batch($n);
    },
    'a batch\'s tail' => sub {
        my $n = one(keys %$batches);
        my $k = @{ $batches->{$n}{writers} };
        do_("DELETE FROM pupil.audit_record WHERE $MINE AND (writer, number) ="
            . " (SELECT writers[$k], lasts[$k] FROM pupil.seal WHERE $MINE AND"
            . " batch = $n)",
            "UPDATE pupil.seal SET lasts[$k] = lasts[$k] - 1, events = events"
            . " - 1, size = size - 1 WHERE $MINE AND batch = $n");
        return { batches => [$n, $n + 1], numbers =>
            [[$batches->{$n}{writers}[-1], $batches->{$n}{lasts}[-1]]] };
    },
    'ranges of a writer in two' => sub {
        my $n = one(keys %$batches);
        my ($k) = grep { $batches->{$n}{lasts}[$_ - 1]
                         > $batches->{$n}{firsts}[$_ - 1] }
                  1 .. @{ $batches->{$n}{writers} };
        do_("UPDATE pupil.seal SET writers = writers[:$k] || writers[$k:],"
            . " firsts = firsts[:$k] || (firsts[$k] + 1) ||"
            . " firsts[@{[$k + 1]}:], lasts = lasts[:@{[$k - 1]}] ||"
            . " firsts[$k] || lasts[$k:] WHERE $MINE AND batch = $n");
        return batch($n);
    },
    'a null among writers' => batch_edit('writers = writers || NULL::bigint,'
        . ' firsts = firsts || NULL::bigint, lasts = lasts || NULL::bigint'),
    'a range more' => batch_edit('writers = writers || 4711::bigint,'
        . ' firsts = firsts || 1::bigint, lasts = lasts || 0::bigint'),
    'a first more' => batch_edit('firsts = firsts || 1::bigint'),
    'arrays from zero' => batch_edit("writers = ('[0:'||cardinality(writers)-1"
        . "||']='||writers::text)::bigint[]"),
    'an old state' => sub {
        my $n = one(grep { $_ < $last } keys %$batches);
        my $size = $batches->{$n}{size};
        do_("DELETE FROM pupil.seal WHERE $MINE AND batch > $n",
            "DELETE FROM pupil.seal_tile WHERE $MINE AND level = 0 AND"
            . " tile * 256 >= $size",
            "DELETE FROM pupil.seal_tile WHERE $MINE AND level = 1 AND"
            . " $size < 256",
            "UPDATE pupil.seal_tile SET hashes = substr(hashes, 1, 32 *"
            . " ($size - tile * 256)::integer) WHERE $MINE AND level = 0 AND"
            . " (tile + 1) * 256 > $size",
            "UPDATE pupil.seal_tile SET hashes = substr(hashes, 1, 32 *"
            . " ($size / 256)) WHERE $MINE AND level = 1",
            "DELETE FROM pupil.audit_record r WHERE $MINE AND NOT EXISTS"
            . " (SELECT FROM pupil.seal s, unnest(s.writers, s.lasts) u (w, l)"
            . " WHERE s.$MINE AND u.w = r.writer AND u.l >= r.number)",
            "DELETE FROM pupil.audit_subject WHERE $MINE AND event >= "
            . ($batches->{$n}{event} + $batches->{$n}{events}),
            "DELETE FROM pupil.seal_writer WHERE $MINE",
            "INSERT INTO pupil.seal_writer SELECT '$tenant', u.w, max(u.l) FROM"
            . " pupil.seal s, unnest(s.writers, s.lasts) u (w, l) WHERE"
            . " s.$MINE GROUP BY u.w");
        return batch([$n, $n + 1]);
    },

    # ---- writers
    'no writer sealed' => sub {
        my ($w) = $db->selectrow_array('SELECT writer FROM pupil.seal_writer'
            . " WHERE $MINE ORDER BY random() LIMIT 1");
        do_("DELETE FROM pupil.seal_writer WHERE $MINE AND writer = $w");
        return { writers => [$w] };
    },
    'a writer sealed more' => sub {
        my ($w) = $db->selectrow_array('SELECT writer FROM pupil.seal_writer'
            . " WHERE $MINE ORDER BY random() LIMIT 1");
        do_("UPDATE pupil.seal_writer SET number = number + 1 WHERE $MINE AND"
            . " writer = $w");
        return { writers => [$w] };
    },
    'a writer sealed less' => sub {
        my ($w) = $db->selectrow_array('SELECT writer FROM pupil.seal_writer'
            . " WHERE $MINE ORDER BY random() LIMIT 1");
        do_("UPDATE pupil.seal_writer SET number = 0 WHERE $MINE AND"
            . " writer = $w");
        return { writers => [$w] };
    },
    'an unknown writer' => sub {
        my $n = one(0, 1, 99, -1);
        do_("INSERT INTO pupil.seal_writer VALUES ('$tenant', 4711, $n)");
        return { writers => [4711] };
    },

    # ---- tiles
    'a hash' => sub {
        my $at = int rand 32;
        tile_edit("hashes = set_byte(hashes, $at, 255 - get_byte(hashes,"
            . " $at))")->();
    },
    'hashes behind a tile' => tile_edit('hashes = hashes || sha256(hashes)'),
    'bytes behind a tile' => tile_edit("hashes = hashes || '\\x00'"),
    'a tile is short' => tile_edit('hashes = substr(hashes, 1, length(hashes)'
        . ' - 32)'),
    'a tile is half' => tile_edit('hashes = substr(hashes, 1, length(hashes)'
        . ' / 2)'),
    'a tile is empty' => tile_edit("hashes = ''"),
    'no tile' => sub {
        my $t = one(@tiles);
        do_("DELETE FROM pupil.seal_tile WHERE $MINE AND (level, tile) ="
            . " ($t->{level}, $t->{tile})");
        return { tiles => [$t], batches => [keys %$batches] };
    },
    'a tile more' => sub {
        my ($level, $tile) = @{ one([0, 99], [0, -1], [1, 1], [2, 0], [7, 0],
                                    [63, 1], [-1, 0]) };
        do_("INSERT INTO pupil.seal_tile VALUES ('$tenant', $level, $tile,"
            . " sha256('x'))");
        return { tiles => [{ level => $level, tile => $tile }] };
    },
    'the next tile' => sub {
        my ($next) = $db->selectrow_array('SELECT max(tile) + 1 FROM'
            . " pupil.seal_tile WHERE $MINE AND level = 0");
        do_("INSERT INTO pupil.seal_tile VALUES ('$tenant', 0, $next,"
            . " sha256('x'))");
        return { tiles => [{ level => 0, tile => $next }] };
    },
    'tiles change places' => sub {
        do_("UPDATE pupil.seal_tile SET tile = CASE tile WHEN 0 THEN 501 WHEN"
            . " 1 THEN 500 ELSE tile END WHERE $MINE AND level = 0",
            "UPDATE pupil.seal_tile SET tile = tile - 500 WHERE $MINE AND tile"
            . ' >= 500');
        return { tiles => [map { { level => 0, tile => $_ } } 0, 1],
                 batches => [keys %$batches] };
    },
    'a record, its leaf and its tile' => sub {
        my $r = one(@sealed);
        do_("UPDATE pupil.audit_record SET note = 'x' WHERE " . text($r));
        my $t = one(grep { $_->{level} == 0 } @tiles);
        do_("UPDATE pupil.seal_tile SET hashes = sha256('x') || substr(hashes,"
            . " 33) WHERE $MINE AND level = 0 AND tile = $t->{tile}");
        return of($r);
    },
    'tiles and batches of nothing' => sub {
        my $n = one(keys %$batches);
        do_("UPDATE pupil.seal_tile SET hashes = (SELECT string_agg(sha256("
            . "i::text::bytea), '') FROM generate_series(1, length(hashes) /"
            . " 32) i) WHERE $MINE",
            "UPDATE pupil.seal SET note = replace(note, 'A', 'C') WHERE $MINE");
        return batch([keys %$batches]);
    },

    # ---- under whom
    'somebody does not find it' => listed_edit('DELETE FROM'
        . ' pupil.audit_subject WHERE'),
    'it is another leaf' => listed_edit('UPDATE pupil.audit_subject SET leaf ='
        . ' coalesce(leaf, 0) + 1 WHERE'),
    'it is no leaf' => listed_edit('UPDATE pupil.audit_subject SET leaf = CASE'
        . ' WHEN leaf IS NULL THEN 0 END WHERE'),
    'it is another event' => listed_edit('UPDATE pupil.audit_subject SET event'
        . ' = event + 1 WHERE'),
    'it is of another' => listed_edit('UPDATE pupil.audit_subject SET subject ='
        . ' gen_random_uuid() WHERE'),
    'it is of a moment later' => listed_edit('UPDATE pupil.audit_subject SET at'
        . " = at + interval '1 us' WHERE"),
    'it is of another writer' => listed_edit('UPDATE pupil.audit_subject SET'
        . ' writer = writer + 1 WHERE'),
    'it is of another number' => listed_edit('UPDATE pupil.audit_subject SET'
        . ' number = number + 100000 WHERE'),
    'it is another tenant\'s' => listed_edit('UPDATE pupil.audit_subject SET'
        . " tenant = '" . $there . "' WHERE"),
    'somebody else finds it' => listed_edit('INSERT INTO pupil.audit_subject'
        . ' SELECT tenant, gen_random_uuid(), at, writer, number, event, leaf'
        . ' FROM pupil.audit_subject WHERE'),
    'somebody finds what is no event' => sub {
        my ($s, $event) = (one(map { $_->{subject} } @listed), one(-1, 100000));
        do_("INSERT INTO pupil.audit_subject VALUES ('$tenant', '$s',"
            . " '$listed[0]{at}', 1, 1, $event, NULL)");
        return { events => [$event], batches => [keys %$batches, $last + 1] };
    },
    'nobody finds anything' => sub {
        do_("DELETE FROM pupil.audit_subject WHERE $MINE");
        return batch([keys %$batches]);
    },

    # ---- retention
    'it is said to be gone' => sub {
        my $n = one(keys %$batches);
        do_("INSERT INTO pupil.seal_retained SELECT tenant, batch, note, at"
            . " FROM pupil.seal WHERE $MINE AND batch = $n");
        return batch($n);
    },

    # ---- what is read through
    (map { my $name = $_;
           ("a view of $name" => view_of($name, '*')) }
         qw(audit_record seal seal_tile seal_writer audit_subject
            seal_retained audit_shape policy)),
    'a view that hides a record' => sub {
        my $r = one(@sealed);
        return { %{ view_of('audit_record', '*', 'NOT ' . text($r))->() },
                 of($r)->%* };
    },
    'a policy that hides' => sub {
        my $name = one(qw(audit_record seal seal_writer audit_subject
                          seal_tile));
        do_("CREATE POLICY hides ON pupil.$name AS RESTRICTIVE FOR SELECT TO"
            . ' pupil_gateway USING (false)');
        return named($name);
    },
    'a policy that hides from pupilctl' => sub {
        my $name = one(qw(seal_writer audit_subject seal_retained));
        do_("CREATE POLICY hides ON pupil.$name AS RESTRICTIVE FOR SELECT TO"
            . ' pupil_operator USING (false)');
        return named($name);
    },
    'a rule' => sub {
        my $name = one(qw(audit_record seal seal_writer audit_subject));
        do_("CREATE RULE hides AS ON INSERT TO pupil.$name DO INSTEAD NOTHING");
        return named($name);
    },
    'a trigger' => sub {
        my $name = one(qw(audit_record seal seal_writer audit_subject));
        do_("CREATE FUNCTION public.nothing() RETURNS trigger LANGUAGE plpgsql"
            . " AS 'BEGIN RETURN NULL; END'",
            "CREATE TRIGGER hides BEFORE INSERT ON pupil.$name FOR EACH ROW"
            . ' EXECUTE FUNCTION public.nothing()');
        # verification is on record itself, and notices
        return named("$name|the audit record was not stored");
    },
    'the tenant of a session' => ddl('current_tenant',
        'CREATE OR REPLACE FUNCTION pupil.current_tenant() RETURNS uuid'
        . " LANGUAGE sql STABLE AS \$\$ SELECT CASE WHEN session_user ="
        . " 'pupil_gateway' THEN NULL ELSE current_setting('pupil.tenant')"
        . "::uuid END \$\$"),
    'the tenant of a session is another' => ddl('current_tenant',
        'CREATE OR REPLACE FUNCTION pupil.current_tenant() RETURNS uuid'
        . " LANGUAGE sql STABLE AS \$\$ SELECT '" . $there
        . "'::uuid \$\$"),
    'who looked' => ddl('audit_of', 'ALTER FUNCTION pupil.audit_of RENAME TO'
        . ' audit_of_before'),

    # ---- what a table is
    'a role that is compared otherwise' => ddl('audit_record',
        "CREATE COLLATION public.any_case (provider = icu, locale ="
        . " 'und-u-ks-level2', deterministic = false)",
        'DROP VIEW pupil.audit_event',
        'DROP POLICY ended ON pupil.audit_record',
        'ALTER TABLE pupil.audit_record ALTER COLUMN role TYPE text COLLATE'
        . ' public.any_case'),
    'an outcome that is a name' => ddl('audit_record',
        'DROP VIEW pupil.audit_event', 'ALTER TABLE pupil.audit_record ALTER'
        . ' COLUMN outcome TYPE varchar(40)'),
    'numbers that are numeric' => ddl('seal_writer', 'ALTER TABLE'
        . ' pupil.seal_writer ALTER COLUMN number TYPE numeric'),
    'hashes that are stored elsewhere' => ddl('seal_tile', 'ALTER TABLE'
        . ' pupil.seal_tile ALTER COLUMN hashes DROP NOT NULL'),
    'batches in a table that inherits' => sub {
        my $n = one(keys %$batches);
        do_('CREATE TABLE public.more () INHERITS (pupil.seal)',
            "INSERT INTO public.more SELECT * FROM pupil.seal WHERE $MINE AND"
            . " batch = $n", "DELETE FROM ONLY pupil.seal WHERE $MINE AND batch"
            . " = $n");
        return { text => 'seal', batches => [$n] };
    },
) }


# Whether a finding of audit verify is about what was touched.
sub touches ($finding, $t) {
    return 1 if defined $t->{text} && $finding->{_} =~ /$t->{text}/;
    return 1 if defined $finding->{batch}
                && grep { ref $_ ? $_->{batch} == $finding->{batch}
                                 : $_ == $finding->{batch} }
                   @{ $t->{batches} // [] };
    return 1 if defined $finding->{tile} && grep {
        $_->{tile} == $finding->{tile} && $_->{level} == $finding->{level} }
        @{ $t->{tiles} // [] };
    if (defined $finding->{writer}) {
        my $hex = $finding->{writer};
        return 1 if grep { sprintf('%016x', $_) eq $hex }
                    @{ $t->{writers} // [] };
        return 1 if grep { sprintf('%016x', $_->[0]) eq $hex
                           && $_->[1] >= ($finding->{first} // 0)
                           && $_->[1] <= ($finding->{last} // 1e18) }
                    @{ $t->{numbers} // [] };
    }
    return 0;
}

1;
