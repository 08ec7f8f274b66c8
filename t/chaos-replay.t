#!/usr/bin/perl

# I15 with several processes at once: the same submissions, alone and in
# batches whose orders differ, are stored once each; one sender gets "stored",
# all others get "replayed", and nobody waits for a deadlock.

use lib 't/lib';
use JSON::XS ();
use Pupil::Test;
use Pupil::Chaos;
use Time::HiRes qw(sleep time);

my $chaos = Pupil::Chaos->new(pupils => 2, slow => 10);
my ($pupil, $other) = $chaos->pupils;
my $db = $chaos->site->db;
my $SENDERS = 4;

# Runs $code->(number, http) in processes of their own that begin together;
# gives what each returned.
sub together ($name, $who, $code) {
    my $dir = tmp_dir() . "/together-$name";
    mkdir $dir or die "$dir: $!\n";
    my @pids = map { my $n = $_; $chaos->fork_one(sub {
        my $http = $chaos->client($who->[$n % @$who]);
        $http->get('/v1/session');
        spew("$dir/ready.$n", '');
        wait_until(60, 'the others', sub {
            (my @ready = glob "$dir/ready.*") == $SENDERS });
        spew("$dir/$n", JSON::XS->new->utf8->encode($code->($n, $http)));
    }) } 0 .. $SENDERS - 1;

    my @ended = grep { process_ends($_, 60) && $? == 0 } @pids;
    is scalar(@ended), $SENDERS, "$name: all processes have ended well";
    return map { JSON::XS->new->utf8->decode(slurp("$dir/$_")) }
           0 .. $SENDERS - 1;
}

sub stored ($owner, @ids) {
    return scalar $db->selectrow_array('SELECT count(*) FROM data.progress'
        . ' WHERE record = ANY (?) AND owner = ?', undef, \@ids, $owner->{id});
}


# ---- one by one

my @items = map { $chaos->submission($pupil, "the same $_", $_) } 1 .. 60;
my @got = together(single => [$pupil], sub ($n, $http) {
    return [map { $http->post('/v1/progress', json => $_)->status } @items];
});
my %sum;
for my $i (0 .. $#items) { $sum{ join ' ', sort map { $_->[$i] } @got }++ }
is json_of(\%sum), json_of({ '200 200 200 201' => 60 }),
    'single: one 201 and three 200 of each';
is stored($pupil, map { $_->{id} } @items), 60, 'single: stored once each';


# ---- batches of the same, each in an order of its own

my @batch = map { $chaos->submission($pupil, "in a batch $_", $_) } 1 .. 40;
@got = together(batch => [$pupil], sub ($n, $http) {
    my %status;
    for (1 .. 6) {
        my @mixed = sort { $a->[0] <=> $b->[0] } map { [rand, $_] } @batch;
        my $start = time;
        my $res = $http->post('/v1/progress', json => [map { $_->[1] }
                                                       @mixed]);
        my @results = $res->status == 200 ? @{ $res->json->{results} } : ();
        $status{ $res->status }++ if !@results;
        $status{order}++ if join(' ', map { $_->{id} } @results)
                            ne join(' ', map { $_->[1]{id} } @mixed);
        $status{ $_->{status} }++ for @results;
        $status{slow}++ if time - $start > 60;
    }
    return \%status;
});
%sum = ();
for my $one (@got) { $sum{$_} += $one->{$_} for keys %$one }
is json_of(\%sum), json_of({ stored => 40,
    replayed => 40 * 6 * $SENDERS - 40 }), 'batch: one "stored" of each';
is stored($pupil, map { $_->{id} } @batch), 40, 'batch: stored once each';


# ---- the same ids with other contents: one wins, the others are told

my @ids = map { uuid() } 1 .. 30;
@got = together(conflict => [$pupil], sub ($n, $http) {
    return [map { $http->post('/v1/progress', json => {
        %{ $chaos->submission($pupil, "version $n", 1) }, id => $_ })->status
    } @ids];
});
%sum = ();
for my $i (0 .. $#ids) { $sum{ join ' ', sort map { $_->[$i] } @got }++ }
is json_of(\%sum), json_of({ '201 409 409 409' => 30 }),
    'conflict: one 201 and three 409 of each';
is stored($pupil, @ids), 30, 'conflict: stored once each';


# ---- the same ids from two pupils: ids of others are never compared

my @same = map { uuid() } 1 .. 30;
@got = together(others => [$pupil, $other], sub ($n, $http) {
    my $who = ($pupil, $other)[$n % 2];
    return [map { $http->post('/v1/progress', json => {
        %{ $chaos->submission($who, "by $who->{login}", 1) }, id => $_
    })->status } @same];
});
%sum = ();
for my $i (0 .. $#same) { $sum{ join ' ', sort map { $_->[$i] } @got }++ }
is json_of(\%sum), json_of({ '200 200 201 201' => 30 }),
    'others: each pupil has stored, and replayed, its own';
is stored($_, @same), 30, 'others: stored once each' for $pupil, $other;

my @shown = map { $_->{answer} } map { @{ $_->json->{submissions} } }
            $chaos->client($other)->get('/v1/progress?limit=30');
is scalar(grep { $_ ne "by $other->{login}" } @shown), 0,
    'others: and reads its own';
is $chaos->unaudited, 0, 'each write has an audit record of its transaction';
is $chaos->doubled, 0, 'one submission of each exercise counts';


# ---- what the books look for is found

my %acked = ($batch[0]{id} => [$pupil->{id}, $batch[0]],
             $batch[1]{id} => [$other->{id}, $batch[1]],
             uuid() => [$pupil->{id}, {}], $same[0] => [$pupil->{id}, {}]);
my $books = $chaos->books({ acked => \%acked });
is scalar(@{ $books->{lost} }), 1, 'what is lost is found';
is_deeply $books->{twice}, [sort $batch[1]{id}, $same[0]],
    'and what is stored as another\'s, or twice';

my $http = $chaos->client($pupil);
my %theirs = (session => '/v1/session', identity => '/v1/data/identity',
              history => '/v1/progress?limit=5');
for my $read (sort keys %theirs) {
    my $data = $http->get($theirs{$read})->json;
    $_->{answer} = "$pupil->{login} wrote it"
        for @{ $data->{submissions} // [] };
    is $chaos->foreign($read, $pupil, $data), '', "one's own: $read";
    isnt $chaos->foreign($read, $other, $data), '', "another's: $read";
}

$db->do('UPDATE data.progress SET updated_at = updated_at WHERE record = ?',
        undef, $batch[0]{id});
is $chaos->unaudited, 1, 'a write without an audit record is found';
$db->do('UPDATE data.progress SET superseded = false WHERE owner = ?', undef,
        $pupil->{id});
cmp_ok $chaos->doubled, '>', 0, 'an exercise that counts twice is found';

done_testing;
