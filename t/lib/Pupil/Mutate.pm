package Pupil::Mutate;

# Copyright (C) the Pupil authors
#
# Does something to a sealed log, as whoever may write the database or the
# file of checkpoints could, at random; and knows what has to be found, and
# where.  It shares nothing with what verifies but the tables.

use v5.36;

use MIME::Base64 qw(decode_base64 encode_base64);
use Pupil::Util qw(run_cmd slurp spew tmp_dir);

# site, seal, and a seed for srand(), which is said if something is not found.
sub new ($class, %opt) {
    my $self = bless { %opt, db => $opt{site}->db }, $class;
    srand $opt{seed};
    $self->{db}->do('SET client_min_messages = warning');
    return $self;
}

my @TABLES = qw(audit_record seal seal_tile seal_writer);

# All of the log as it is now, to go back to.
sub keep ($self, $as = 'kept') {
    my $db = $self->{db};
    for (@TABLES) {
        $db->do("DROP TABLE IF EXISTS public.${as}_$_");
        $db->do("CREATE TABLE public.${as}_$_ AS SELECT * FROM pupil.$_");
    }
    $self->{file}{$as} = slurp($self->{seal}->file);
}

sub put_back ($self, $as = 'kept', @tables) {
    my $db = $self->{db};
    $db->begin_work;
    for (@tables ? @tables : @TABLES) {
        $db->do("DELETE FROM pupil.$_");
        $db->do("INSERT INTO pupil.$_ SELECT * FROM public.${as}_$_");
    }
    $db->commit;
    spew($self->{seal}->file, $self->{file}{$as}) if !@tables;
}


# ---- who is hit

# A sealed record, of a writer that goes on: { writer, number, hex, batch }.
# more: a condition.
sub record ($self, $more = 'true') {
    my $row = $self->{db}->selectrow_hashref(<<"SQL", {}, rand) // die "none\n";
WITH r AS (SELECT r.ctid, r.tableoid, r.writer, r.number, s.batch,
        row_number() OVER () AS n, count(*) OVER () AS all
   FROM pupil.audit_record r JOIN pupil.seal s ON EXISTS (
        SELECT FROM unnest(s.writers, s.firsts, s.lasts) AS u (w, f, l)
         WHERE u.w = r.writer AND r.number BETWEEN u.f AND u.l)
  WHERE $more)
SELECT r.* FROM r WHERE n = 1 + floor(?::float8 * r.all)
SQL
    $row->{where} = "ctid = '$row->{ctid}' AND tableoid = $row->{tableoid}";
    $row->{hex} = sprintf '%016x', $row->{writer};
    return $row;
}

sub batch ($self) {
    return $self->{db}->selectrow_hashref(<<'SQL', {}, rand);
SELECT s.* FROM pupil.seal s
 WHERE batch = 1 + floor(?::float8 * (SELECT max(batch) FROM pupil.seal))
SQL
}


# ---- what is found

sub at_number ($record, $other = undef) {
    return sub ($found) {
        return ($found->{writer} // '') eq $record->{hex}
            && $found->{first} <= $record->{number}
            && $found->{last} >= $record->{number};
    };
}

sub at_batch ($batch) {
    return sub ($found) { ($found->{batch} // 0) == $batch };
}


# ---- mutations: each does it, and returns what a finding has to be

my %COLUMN = (
    request => 'gen_random_uuid()', actor => 'gen_random_uuid()',
    institution => 'gen_random_uuid()', role => q{role || 'x'},
    shape => q{sha256('x')}, policy => q{sha256('x')},
    outcome => q{CASE outcome WHEN 'allowed' THEN 'refused' ELSE 'allowed' END},
    network => q{'192.0.2.0/24'}, note => q{coalesce(note, '') || 'x'},
    subjects => q{subjects || gen_random_uuid()},
    at => q{at + random() * interval '2 hours' - interval '1 hour'
            + interval '1 us'},
    mac => q{set_byte(mac, 0, (get_byte(mac, 0) + 1) % 256)},
    number => 'number + 1000000', writer => 'writer / 2 + 1',
);

# Of those that are done in several ways: each way.
my %WAYS = (
    edit => [sort keys %COLUMN],
    insert => [map { my $writer = $_; map { [$writer, $_] } 0, 1, 100000 }
               'its', 'another'],
    'edit a batch' => ['event = event + 1', 'events = events + 1',
        'size = size - 1', 'size = size + 1',
        'firsts[1] = firsts[1] + 1', 'lasts[1] = lasts[1] + 1',
        'writers[1] = writers[1] + 1', q{since = since + interval '1 hour'},
        'note = (SELECT o.note FROM pupil.seal o WHERE o.batch <>'
        . ' seal.batch LIMIT 1)'],
    'how far a writer is' => [-1, 1, 50],
);

my %MUTATION = (
    edit => sub ($self, $column) {
        my $record = $self->record;
        $self->{db}->do("UPDATE pupil.audit_record SET $column ="
            . " $COLUMN{$column} WHERE $record->{where}");
        return at_number($record);
    },
    'edit and mac' => sub ($self) {         # as somebody without the key
        my $record = $self->record;
        $self->{db}->do("UPDATE pupil.audit_record SET actor ="
            . " gen_random_uuid(), mac = substr(sha256(actor::text::bytea),"
            . " 1, 16) WHERE $record->{where}");
        return at_number($record);
    },
    delete => sub ($self) {
        my $record = $self->record;
        $self->{db}->do("DELETE FROM pupil.audit_record WHERE"
                        . " $record->{where}");
        return at_number($record);
    },
    'delete the end of a writer' => sub ($self) {
        my $record = $self->record(q{role <> 'operator'});
        $self->{db}->do('DELETE FROM pupil.audit_record WHERE writer = ? AND'
            . ' number >= ?', {}, @$record{qw(writer number)});
        return at_number($record);
    },
    'delete all of a writer' => sub ($self) {
        my $record = $self->record('number = 1');
        $self->{db}->do('DELETE FROM pupil.audit_record WHERE writer = ?', {},
                        $record->{writer});
        return at_number($record);
    },
    insert => sub ($self, $at) {
        my ($whose, $ahead) = @$at;
        my $record = $self->record;
        my $number = $record->{number} + $ahead;
        my $writer = $whose eq 'its' ? $record->{writer} : int rand 1 << 40;
        $self->{db}->do(<<"SQL", {}, $writer, $number);
INSERT INTO pupil.audit_record (at, tenant, request, actor, role, institution,
       shape, policy, outcome, network, subjects, note, writer, number, mac)
SELECT at, tenant, gen_random_uuid(), actor, role, institution, shape, policy,
       outcome, network, subjects, note, ?, ?, mac FROM pupil.audit_record
 WHERE $record->{where}
SQL
        return at_number({ hex => sprintf('%016x', $writer),
                           number => $number });
    },
    copy => sub ($self) {
        my $record = $self->record;
        $self->{db}->do('INSERT INTO pupil.audit_record SELECT * FROM'
            . " pupil.audit_record WHERE $record->{where}");
        return at_number($record);
    },
    swap => sub ($self) {
        my $one = $self->record;
        my $two = $self->record("NOT (writer = $one->{writer} AND number ="
                                . " $one->{number})");
        $self->{db}->do(<<"SQL", {}, map { @$_{qw(writer number)} } $two, $one);
UPDATE pupil.audit_record SET
       writer = CASE WHEN $one->{where} THEN ?::bigint ELSE ?::bigint END,
       number = CASE WHEN $one->{where} THEN ?::bigint ELSE ?::bigint END
 WHERE ($one->{where}) OR ($two->{where})
SQL
        return at_number($one);
    },
    renumber => sub ($self) {
        my $record = $self->record(q{EXISTS (SELECT FROM pupil.audit_record n
            WHERE n.writer = r.writer AND n.number > r.number)});
        my @which = @$record{qw(writer number)};
        my $db = $self->{db};
        $db->do('DELETE FROM pupil.audit_record WHERE writer = ? AND number ='
                . ' ?', {}, @which);
        $db->do('UPDATE pupil.audit_record SET number = number - 1 WHERE'
                . ' writer = ? AND number > ?', {}, @which);
        return at_number($record);
    },
    'go back' => sub ($self) {
        my $file = slurp($self->{seal}->file);
        $self->put_back('earlier');
        spew($self->{seal}->file, $file);
        return sub ($found) { $found->{kind} eq 'truncated' };
    },
    'cut the log off' => sub ($self) {
        my $batch = $self->batch;
        $self->{db}->do('DELETE FROM pupil.seal WHERE batch >= ?', {},
                        $batch->{batch});
        return sub ($found) { $found->{kind} eq 'truncated'
                              && $found->{batch} == $batch->{batch} - 1 };
    },
    'delete a batch' => sub ($self) {
        my $last = $self->{db}->selectrow_array(
            'SELECT max(batch) FROM pupil.seal');
        my $batch = 1 + int rand $last - 1;
        $self->{db}->do('DELETE FROM pupil.seal WHERE batch = ?', {}, $batch);
        return at_batch($batch);
    },
    'edit a batch' => sub ($self, $edit) {
        my $batch = $self->batch;
        $self->{db}->do("UPDATE pupil.seal SET $edit WHERE batch = ?", {},
                        $batch->{batch});
        return at_batch($batch->{batch});
    },
    'swap batches' => sub ($self) {
        my $db = $self->{db};
        my $one = 1 + int rand $db->selectrow_array(
            'SELECT max(batch) - 1 FROM pupil.seal');
        $db->do('ALTER TABLE pupil.seal DROP CONSTRAINT seal_pkey');
        $db->do('UPDATE pupil.seal SET batch = 2 * ? + 1 - batch WHERE batch'
                . ' IN (?, ? + 1)', {}, $one, $one, $one);
        $db->do('ALTER TABLE pupil.seal ADD PRIMARY KEY (tenant, batch)');
        return at_batch($one);
    },
    'edit a tile' => sub ($self) { $self->tile(
        'SET hashes = set_byte(hashes, ?::int, (get_byte(hashes, ?::int) + 1)'
        . ' % 256)') },
    'shorten a tile' => sub ($self) { $self->tile(
        'SET hashes = substr(hashes, 1, ?::int / 32 * 32) WHERE ?::int >= 0 AND') },
    'swap hashes of a tile' => sub ($self) { $self->tile(
        'SET hashes = substr(hashes, 33, 32) || substr(hashes, 1, 32) ||'
        . ' substr(hashes, 65) WHERE ?::int = ?::int AND length(hashes) > 64'
        . ' AND') },
    'delete a tile' => sub ($self) { $self->tile(undef) },
    'how far a writer is' => sub ($self, $more) {
        my $record = $self->record;
        $self->{db}->do('UPDATE pupil.seal_writer SET number = number + ?'
            . ' WHERE writer = ?', {}, $more, $record->{writer});
        return sub ($found) { $found->{kind} eq 'writer'
                              && $found->{writer} eq $record->{hex} };
    },
    'another root' => sub ($self) {
        my $batch = $self->batch;
        my @lines = split /\n/, $batch->{note}, -1;
        $lines[2] = encode_base64(pack('H*', 'ab' x 32), '');
        return $self->note($batch, join "\n", @lines);
    },
    'another key' => sub ($self) {
        my $batch = $self->batch;
        my ($text) = $batch->{note} =~ /\A(.*?\n)\n/s;
        return $self->note($batch, $self->signed($text, $batch->{note}));
    },
    'another key, and records' => sub ($self) {
        my $batch = $self->batch;
        my $record = $self->record("s.batch = $batch->{batch}");
        $self->{db}->do("UPDATE pupil.audit_record SET outcome = 'throttled'"
                        . " WHERE $record->{where}");
        my ($text) = $batch->{note} =~ /\A(.*?\n)\n/s;
        $self->note($batch, $self->signed($text, $batch->{note}));
        return at_number($record);
    },
    'edit the file' => sub ($self) {
        my $text = slurp($self->{seal}->file);
        my @at = $self->notes($text);
        my $i = int rand @at;
        my $end = $i == $#at ? length $text : $at[$i + 1];
        my $byte = $at[$i] + int rand($end - $at[$i] - 2);
        substr($text, $byte, 1) = substr($text, $byte, 1) eq 'A' ? 'B' : 'A';
        spew($self->{seal}->file, $text);
        return sub ($found) { $found->{kind} eq 'anchor'
                              && $found->{byte} == $at[$i] };
    },
    'take a checkpoint from the file' => sub ($self) {
        my $text = slurp($self->{seal}->file);
        my @at = $self->notes($text);
        my $i = int rand $#at;
        substr($text, $at[$i], $at[$i + 1] - $at[$i]) = '';
        spew($self->{seal}->file, $text);
        return sub ($found) { $found->{kind} eq 'unanchored'
                              && $found->{batch} == $i + 1 };
    },
    'add one of another key to the file' => sub ($self) {
        my $text = slurp($self->{seal}->file);
        my ($last) = $text =~ /(pupil-audit[^\n]+\n\d+\n[^\n]+\n)\n[^\n]+\n\n\z/;
        my $added = $self->signed($last =~ s/\n(\d+)\n/"\n" . ($1 + 5) . "\n"/er,
                                  $text);
        spew($self->{seal}->file, "$text$added\n");
        return sub ($found) { $found->{kind} eq 'anchor'
                              && $found->{byte} == length $text };
    },
);

# All: each mutation, in each way that it is done in.
sub all ($class) {
    return map { my $name = $_;
                 map { [$name, @$_] } $WAYS{$name} ? map { [$_] }
                                          @{ $WAYS{$name} } : [] }
           sort keys %MUTATION;
}

# Does one; returns what a finding has to be.
sub mutate ($self, $one) {
    my ($name, @way) = @$one;
    $self->{did} = join ' ', $name, map { ref ? @$_ : $_ } @way;
    return $MUTATION{$name}->($self, @way);
}

sub did ($self) { $self->{did} }

# set: of a random byte, twice; undef: deletes.
sub tile ($self, $set) {
    my $db = $self->{db};
    my $tile = $db->selectrow_hashref(<<'SQL', {}, rand);
WITH t AS (SELECT tenant, level, tile, length(hashes) AS bytes,
        row_number() OVER (ORDER BY level, tile) AS n, count(*) OVER () AS all
   FROM pupil.seal_tile)
SELECT * FROM t WHERE n = 1 + floor(?::float8 * t.all)
SQL
    my $where = 'level = ? AND tile = ?';
    my @at = @$tile{qw(level tile)};
    if (!defined $set) {
        $db->do("DELETE FROM pupil.seal_tile WHERE $where", {}, @at);
    } else {
        my $byte = int rand $tile->{bytes};
        my $rest = $set =~ /AND\z/ ? "$set $where" : "$set WHERE $where";
        my $done = $db->do("UPDATE pupil.seal_tile $rest", {}, $byte, $byte,
                           @at);
        return $self->tile($set) if $done == 0;
    }
    return sub ($found) {
        return $found->{kind} eq 'tile' && $found->{level} == $at[0]
            && $found->{tile} == $at[1];
    };
}

sub note ($self, $batch, $note) {
    $self->{db}->do('UPDATE pupil.seal SET note = ? WHERE batch = ?', {},
                    $note, $batch->{batch});
    return sub ($found) { $found->{kind} eq 'checkpoint'
                          && $found->{batch} == $batch->{batch} };
}

# Where notes begin in the file.
sub notes ($self, $text) {
    my @at;
    push @at, $-[0] while $text =~ /^pupil-audit/mg;
    return @at;
}

# A note signed by a key of one's own, under the name and id of the log's.
sub signed ($self, $text, $like) {
    my $dir = tmp_dir();
    my $key = "$dir/forger.pem";
    run_cmd(qw(openssl genpkey -algorithm ed25519 -out), $key) if !-e $key;
    spew("$dir/forged", $text);
    run_cmd(qw(openssl pkeyutl -sign -rawin -inkey), $key, '-in',
            "$dir/forged", '-out', "$dir/forged.sig");
    my ($head, $base64) = $like =~ /^(\xe2\x80\x94 \S+ |\x{2014} \S+ )(\S+)$/m;
    utf8::encode($head) if utf8::is_utf8($head);
    return "$text\n$head" . encode_base64(
        substr(decode_base64($base64), 0, 4) . slurp("$dir/forged.sig"), '')
        . "\n";
}

1;
