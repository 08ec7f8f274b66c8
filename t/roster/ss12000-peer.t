#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# SS 12000 against a peer that is made of its OpenAPI by Prism: what is asked is
# what the interface takes, what our own server of the other tests answers is
# what it gives, and what Prism makes up is refused or taken, and never shown.

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Roster;
use Pupil::Ss12000;

my $openapi = root_dir() . '/t/data/ss12000/openapi.yml';
my $prism = root_dir() . '/t/peers/node_modules/@stoplight/prism-cli/dist/index.js';

my $site = pupil_up;
my $school;

sub fresh { $school = Pupil::Roster::tenant($site, 'peer ' . ++state $n) }

# A Prism, and what it has logged since it was asked the last time.
sub prism ($mode, @more) {
    my $port = free_port();
    my $file = tmp_dir() . "/prism-$port";
    open my $log, '>', $file or die;
    start_process(['node', $prism, $mode, '--host', '127.0.0.1', '--port',
                   $port, $openapi, @more], stdout => $log, stderr => $log);
    wait_until(120, "Prism, $mode", sub {
        IO::Socket::INET->new("127.0.0.1:$port") });
    my $seen = 0;
    return { url => "http://127.0.0.1:$port", said => sub {
        my $text = substr slurp($file), $seen;
        $seen += length $text;
        return $text;
    } };
}

sub import ($peer, @options) {
    my $run = $school->ctl('import', 'ss12000', $peer->{url}, '--json',
                           @options, $school->ctl_where);
    $run->{all} = $run->{out} . $run->{err};
    return $run;
}

sub valid ($peer, $name) {
    my $said = $peer->{said}->();
    like $said, qr/passed the validation|Forwarding/, "$name: it was asked";
    unlike $said, qr/violation|did not pass|VALIDATOR.*(error|warn)/i,
        'for what it takes';
}


subtest 'a school, through Prism' => sub {
    fresh();
    my $server = Pupil::Ss12000->new;
    my $peer = prism('proxy', $server->url, '--errors');
    my @how = ('--limit', 5, '--state', tmp_dir() . '/state');
    my $world = Pupil::Ss12000::school();
    $server->tell($world);

    my $run = import($peer, @how);
    is $run->{code}, 0, 'it is taken' or diag $run->{all};
    is_deeply [Pupil::Roster::live($school)], [12, 1, 1, 18, 2], 'and live';
    valid($peer, 'all of it');

    $run = import($peer, @how);
    is $run->{code}, 0, 'nothing was changed' or diag $run->{all};
    valid($peer, 'what was changed');

    $world->{deletedEntities} = { persons => [Pupil::Ss12000::id('p', 1)] };
    shift @{ $world->{persons} };
    $server->tell($world);
    $run = import($peer, @how);
    is $run->{code}, 0, 'one was deleted' or diag $run->{all};
    is_deeply [Pupil::Roster::live($school)], [11, 1, 1, 16, 2], 'and leaves';
    valid($peer, 'what was deleted');
};

subtest 'what Prism gives as an example' => sub {
    fresh();
    my $peer = prism('mock');
    my $run = import($peer);
    is $run->{code}, 1, 'pages without end are refused';
    like $run->{err}, qr/GET duties, page 2: was there before/, 'as it is said';
    valid($peer, 'the example');
    is_deeply [Pupil::Roster::live($school)], [0, 0, 0, 0, 0], 'for nobody';

    run_cmd('curl', '-s', "$peer->{url}/persons?limit=0");
    like $peer->{said}->(), qr/violation/i, 'Prism sees what it does not take';
};

subtest 'what Prism makes up' => sub {
    fresh();
    my $peer = prism('mock', '--dynamic');
    for my $seed (1 .. 8) {
        my $run = import($peer, '--limit', $seed);
        ok $run->{code} =~ /^[013]$/, "made up, $seed" or diag $run->{all};
        unlike $run->{all}, qr/dolor|veniam|exercitation|consectetur|\bsit\b/,
            'and not shown';
    }
    valid($peer, 'all of it');
};

done_testing;
