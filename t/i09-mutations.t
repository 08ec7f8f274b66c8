#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: whatever somebody does to a sealed log, `pupilctl audit verify` finds it
# and says where; what nobody touched is whole.  Each mutation is done once in
# each way, or PUPIL_MUTATIONS of them; PUPIL_SEED says of what.  `make
# mutations` does a thousand.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::Mutate;
use Pupil::Seal;
use JSON::XS ();

my $chaos = Pupil::Chaos->new(pupils => 3);
my ($site, $nginx) = ($chaos->site, $chaos->nginx);

# Half a minute later: nothing is so new that it could be under way.
my $seal = Pupil::Seal->new($site, ahead => 31);
my $db = $site->db;
my $seed = $ENV{PUPIL_SEED} // time;
my $mutate = Pupil::Mutate->new(site => $site, seal => $seal, seed => $seed);

sub work ($times = 1) {
    for my $person ($chaos->{teacher}, $chaos->pupils) {
        my $http = $chaos->client($person);
        $http->get($_) for ('/v1/session', '/v1/homework',
                            '/v1/data/identity') x $times;
    }
}

sub verify () {
    my $run = $seal->ctl(qw(audit verify --json));
    my $answer = eval { JSON::XS::decode_json($run->{out}) } // {};
    return { code => $run->{code}, text => "$run->{out}$run->{err}",
             findings => $answer->{findings} // [], %$answer };
}

for (1 .. 9) {
    work(4);
    is $seal->seal->{code}, 0, 'sealed';
    $mutate->keep('earlier') if $_ == 5;
}
$mutate->keep;

my $whole = verify();
is $whole->{code}, 0, 'what nobody touched is whole' or diag $whole->{text};
is_deeply $whole->{findings}, [], 'nothing is found';
is $whole->{batches}, 9, 'all batches are gone through';
is $whole->{anchors}, 9, 'and all checkpoints of the file';
is $whole->{sealed}, $db->selectrow_array('SELECT sum(events) FROM'
    . ' pupil.seal'), 'and all events';

my @all = $mutate->all;
for my $n (0 .. ($ENV{PUPIL_MUTATIONS} // @all) - 1) {
    my $wanted = $mutate->mutate($all[$n % @all]);
    my $found = verify();
    my $did = "$n: " . $mutate->did;
    is $found->{code}, 1, "$did: found" or diag "seed $seed";
    ok scalar(grep { $wanted->($_) } @{ $found->{findings} }),
        "$did: and located"
        or diag "seed $seed ", substr $found->{text}, 0, 3000;
    $mutate->put_back;
}

is verify()->{code}, 0, 'what was put back is whole';

done_testing;
