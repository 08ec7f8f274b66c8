#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I5: sealed fields are ciphertext in every table, index, WAL segment, dump
# and log.  After a school day no imported name, title or address, and nothing
# that was written or answered, is in what a thief could take.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Search;

# What the server is asked is logged, with its parameters, from init on.
my $site = pupil_up(own => 1, pg => { conf => { log_statement => 'all',
                                                log_connections => 'on' } });
my $pg = $site->pg;


# ---- what nobody must find

# A column of a roster, by its name.
sub column ($file, @names) {
    my ($head, @rows) = split /\r?\n/,
        slurp(root_dir() . "/docs/quickstart/data/$file.csv");
    my @columns = split /,/, $head;
    return map {
        my $name = $_;
        my ($n) = grep { $columns[$_] eq $name } 0 .. $#columns;
        die "no column $name in $file\n" if !defined $n;
        map { (split /,/)[$n] // () } @rows;
    } @names;
}

my @roster = grep { defined && length } (
    column('sds-100-users/Student', 'First Name', 'Last Name', 'Username',
           'Password'),
    column('sds-100-users/Teacher', 'First Name', 'Last Name', 'Username',
           'Password'),
    column('sds-100-users/School', 'Name'),
    column('sds-100-users/Section', 'Section Name'),
    column('oneroster-sds-2.1/users', qw(username givenName familyName email
                                         password phone)),
    column('oneroster-sds-2.1/classes', 'title'),
    column('oneroster-sds-2.1/orgs', 'name'),
);
my @written = ('Kapitel Blåbär', 'Läs om kräftdjur & "skalbaggar" <i hagen>.',
    'Första frågan', 'Andra frågan', 'Kräftan är ett tiofotat djur',
    'Astronomi och snickeri', 'Ny titel', 'Fiske efter makrill',
    '31415.926535', 'Ett långt svar om havet', 'lösenord som är fel');
my @values = (@roster, @written, map { "A long password of $_, 2026" }
    qw(CBeane OKlein BMcMillan DTodd));

# What an empty installation has as well proves nothing: some first names are
# words of PostgreSQL's.
my ($search, @common) = Pupil::Search->new(@values)->beside($pg->data,
                                                             $pg->log_file);
diag "in an empty installation as well: @common" if @common;
is_deeply [grep { /[^A-Za-z]/ } @common], [], 'only single words are common';
cmp_ok scalar(@common), '<', 25, 'and few of them';
cmp_ok scalar($search->values), '>', 250, 'there is something to look for';


# ---- a school day

$site->import_demo;
my $day = Pupil::Day->up(site => $site, workers => 2)->all_here->work;
my $pupil = $day->pupil;
is_deeply [map { $_->{name} } grep {
    $day->ask($_)->status != $_->{status}
} $day->requests], [], 'a school day';
my $homework = $day->assign(title => 'Kapitel Blåbär', exercises => [
    { title => 'First', max_score => 99999.5 }]);
is $pupil->post('/v1/progress', json => $day->answer($homework, 0,
    answer => { text => 'Ett långt svar om havet' },
    score => { raw => 31415.926535, max => 99999.5 }))->status, 201,
    'a submission with a score';
is $pupil->post('/v1/progress', json => $day->answer($homework, 0,
    answer => { text => 'Ett långt svar om havet', n => 31415.926535 },
    completion => \1))->status, 201, 'one with a number';
$pupil->patch('/v1/data/example',
              json => $day->preference('Fiske efter makrill'));
is $day->nginx->http->login('OKlein', 'lösenord som är fel')->status, 401,
    'a wrong password';
like $pupil->get('/v1/progress')->body, qr/havet/, 'what is written is shown';
# Mistakes of ours must not show values either.
$day->db->do('ALTER TABLE data.progress ADD CONSTRAINT no'
             . ' CHECK (octet_length(answer) = 0) NOT VALID');
is $pupil->post('/v1/progress', json => $day->answer($homework, 0,
    answer => 'Ett långt svar om havet'))->status, 503, 'a failed write';
$day->db->do('ALTER TABLE data.progress DROP CONSTRAINT no');


# ---- a thief looks

my $dump = tmp_dir() . '/dumpall';

sub places {
    $day->db->do('CHECKPOINT');
    my $run = run_cmd('pg_dumpall', '-d', $pg->conninfo('postgres'),
                      '-f', $dump, { as => Pupil::Postgres::account() });
    die "pg_dumpall: $run->{err}\n" if $run->{code};
    return ($dump, $pg->data, $pg->log_file, $day->nginx->dir);
}
spew($dump, '', 0666);
chmod 0666, $dump;

my @found = $search->files(places());
is_deeply \@found, [], 'nothing is in dump, data folder, WAL and logs'
    or diag join "\n", @found[0 .. ($#found > 20 ? 20 : $#found)];
cmp_ok $search->bytes, '>', 40e6, 'all of it was read';
like slurp($dump), qr/COPY data\.progress .*\n\Q@{[$day->tenant]}\E/,
    'the dump has the rows';
like slurp($dump), qr/COPY keystore\.owner_key/, 'of both databases';
like slurp($pg->log_file), qr/execute p\d+: .*data\.progress/,
    'the log has the statements';
like slurp($pg->log_file), qr/parameters: \$1/, 'and their parameters';


# ---- would it have found them?

my $planted = 'Kräftan är ett tiofotat djur';
$day->db->do('CREATE TABLE public.plant (t text)');
my $name = 'McMillan';
$day->db->do('INSERT INTO public.plant VALUES (?)', {}, $_)
    for $planted, $name, 'Ora';
# The next words stand alone in bytes of an index.
$day->db->do('CREATE INDEX ON public.plant (t)');
my %how = map { $_ => 1 } map { s/^(.*) as .*? in (.*)$/$1 in /r
    . ($2 =~ m{pg_wal} ? 'WAL' : $2 =~ m{/base/} ? 'a table'
       : $2 eq $dump ? 'the dump' : $2 eq $pg->log_file ? 'the log' : $2) }
    $search->files(places());
for my $value ($planted, $name, 'Ora') {
    ok $how{"$value in $_"}, "\"$value\" planted: found in $_"
        for 'WAL', 'a table', 'the dump', 'the log';
}

my $file = tmp_dir() . '/plant';
my %forms = (
    'as it is' => "..$planted..", hex => 'ab' . unpack('H*', $planted),
    'capital hex' => uc unpack('H*', $planted),
    (map { ("base64 at $_", MIME::Base64::encode_base64(
        'z' x $_ . $planted . 'and more', '')) } 0 .. 2),
    'base64url' => MIME::Base64::encode_base64url($planted),
    'JSON' => 'Kr\u00e4ftan \u00e4r ett tiofotat djur',
    'all escapes' => join('', map { sprintf '\\u%04X', ord } split //,
                          do { my $t = $planted; utf8::decode($t); $t }),
    'across blocks' => "\0" x 8190 . $planted,
);
for my $form (sort keys %forms) {
    spew($file, "begin $forms{$form} end");
    is scalar(() = $search->files($file)), 1, "planted, found: $form";
}
spew($file, 'Kraftan, "McMillanson", Oral history');
is scalar(() = Pupil::Search->new('Ora', 'Kräftan')->files($file)), 0,
    'parts of words are none';
spew($file, qq({"name":"Ora"}));
is scalar(() = $search->files($file)), 1, 'a word is one';

done_testing;
