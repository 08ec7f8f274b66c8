#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I15: stale submissions that clients send again and again, alone and in arrays,
# over reloads, while newer ones come and after their homework was taken back:
# each is success and on record each time, stored once, and what is newest
# counts.

use lib 't/lib';
use JSON::XS ();
use Pupil::Test;
use Pupil::Chaos;
use Time::HiRes qw(sleep);

use constant SENDERS => 3;

my $chaos = Pupil::Chaos->new(pupils => 2, slow => 10);
my ($nginx, $db) = ($chaos->nginx, $chaos->site->db);
my ($pupil) = $chaos->pupils;
my $http = $chaos->client($pupil);
my $dir = tmp_dir();

sub newer ($n) {
    my $item = $chaos->submission($pupil, "$pupil->{login} wrote $n", 0);
    $item->{score}{raw} = $n % 10;
    is_status $http->post('/v1/progress', json => $item), 201, "number $n";
    return $item;
}

my @stale = map { newer($_) } 1 .. 6;
my %theirs = map { $_->{id} => 1 } @stale;


# Sends what is stale until they are told to stop.
sub send_stale ($n) {
    my $mine = $chaos->client($pupil);
    my %report = (statuses => {}, requests => []);
    for (my $i = $n; !-e "$dir/stop"; $i++) {
        my $json = $i % 3 ? $stale[$i % @stale]
                          : [@stale[map { $_ % @stale } $i .. $i + 3]];
        my $res = eval { $mine->request(POST => '/v1/progress', once => 1,
                                        json => $json) };
        $res = undef if $res && !$res->status;      # no answer
        $mine->close if !$res;
        my $is = !$res ? 'none' : ref $json ne 'ARRAY' ? $res->status
            : join ' ', sort keys %{ { map { $_->{status} => 1 }
                                       @{ $res->json->{results} // [] } } };
        $report{statuses}{$is}++;
        push @{ $report{requests} }, $res->request_id if $res;
        sleep 0.01;
    }
    return \%report;
}

my @pids = map { my $n = $_; $chaos->fork_one(sub {
    spew("$dir/stale.$n", JSON::XS->new->utf8->encode(send_stale($n))) })
} 1 .. SENDERS;

sub counts () {
    return join ' ', @{ $db->selectcol_arrayref('SELECT record FROM'
        . ' data.progress WHERE owner = ? AND exercise_id = ? AND NOT'
        . ' superseded', {}, $pupil->{id}, $stale[0]{exercise_id}) };
}

my $last;
for my $n (7 .. 12) {
    $last = newer($n);
    sleep 0.3;
    is counts(), $last->{id}, 'and it counts, whatever is sent again';
    $nginx->reload(wait => 1) if $n % 3 == 0;
}
my $path = "/v1/homework/$chaos->{homework}{id}";
my $teacher = $chaos->client($chaos->{teacher});
my ($shown) = grep { $_->{id} eq $pupil->{id} }
              @{ $teacher->get("$path/progress")->json->{pupils} };
like json_of($shown), qr/"score":2\b/, 'the teacher sees the newest';

is_status $teacher->delete($path), 204, 'the homework is taken back';
sleep 1;
spew("$dir/stop", '');
is scalar(grep { process_ends($_, 60) && $? == 0 } @pids), SENDERS,
    'all have ended well';


# ---- the books

my (%sum, @requests);
for my $n (1 .. SENDERS) {
    my $one = JSON::XS->new->utf8->decode(slurp("$dir/stale.$n"));
    $sum{$_} += $one->{statuses}{$_} for keys %{ $one->{statuses} };
    push @requests, @{ $one->{requests} };
}
# a connection that a reload ends is none (pitfall 23)
cmp_ok delete $sum{none} // 0, '<=', 2 * SENDERS, 'answered';
is join(' ', sort keys %sum), '200 replayed', 'all are success: '
    . json_of(\%sum);
cmp_ok $sum{200}, '>', 100, 'which were many';
is $db->selectrow_array('SELECT count(*) FROM data.progress WHERE record'
    . ' = ANY (?)', {}, [keys %theirs]), scalar(@stale), 'each is stored once';
is counts(), $last->{id}, 'the newest counts';
is $db->selectrow_array("SELECT count(DISTINCT request) FROM"
    . " pupil.audit_record WHERE outcome = 'allowed' AND request = ANY (?)", {},
    \@requests), scalar(@requests), 'and each time is on record';
is $chaos->doubled, 0, 'one submission of each exercise counts';
is $chaos->under_way, '', 'nothing is under way';

done_testing;
