#!/usr/bin/perl

# The benchmark in miniature, so that it cannot rot: a small school, one short
# round of everything that needs nothing but what the tests need.  Its figures
# mean nothing; what is checked is that each measure is there, and that nobody
# who is asked for is left out.  What peers do: t/campaigns/bench-peers.t.

use lib 't/lib', 't/bench/lib';
use Pupil::Test;
use JSON::XS ();

plan(skip_all => 'a bench is of the build that ships, not of a sanitized one')
    if $ENV{PUPIL_SANITIZE};

my $docs = tmp_dir() . '/docs';
my $result = tmp_dir() . '/result.json';
mkdir $docs;
my $run = run_cmd(root_dir() . '/t/bench/run', '--small', '--rounds', 1,
    '--seconds', 1, '--docs', $docs, '--result', $result, '--entrants',
    'pupil-2,static,probe,no-pipelining', { timeout => 1800 });
is $run->{code}, 0, 't/bench/run' or diag $run->{err};
like $run->{err}, qr/^plan: 1 rounds of \d+ measurements/m, 'it has a plan';
note $run->{err};

my $got = JSON::XS::decode_json(slurp($result));
my %peers = map { $_ => 1 } grep { /Node|PHP/ }
            map { $_->{name} } @{ $got->{targets} };
my @missed = grep { !defined $_->{measured} && !$peers{ $_->{name} } }
             @{ $got->{targets} };
is_deeply [map { $_->{name} } @missed], [], 'each target is measured';
cmp_ok scalar(@{ $got->{targets} }), '>=', 17, 'all of them';
is scalar(grep { exists $_->{met} && exists $_->{target} }
          @{ $got->{targets} }), scalar @{ $got->{targets} },
    'and judged';

for my $w (qw(homework overview submit batch login mix)) {
    my ($m) = @{ $got->{measured}{$w}{'pupil-2'} // [{}] };
    ok !(grep { !(($m->{$_} // 0) > 0) }
         qw(rate server_us database_us wal p50 p99 p999)), "$w: measured";
}
for my $w (qw(homework overview submit batch mix)) {
    my $m = $got->{counts}{$w}{'pupil-2'} // {};
    cmp_ok $m->{statements} // 0, '>=', 1, "$w: statements are counted";
    cmp_ok $m->{fsyncs} // 0, '>', 0, "$w: flushes are counted";
}
cmp_ok $got->{measured}{homework}{static}[0]{rate}, '>',
    $got->{measured}{homework}{'pupil-2'}[0]{rate}, 'the limit is higher';
cmp_ok $got->{latency}{logins}{'pupil-2'}[0]{beside}, '>', 0,
    'log-ins went on beside';
is scalar @{ $got->{loops} }, 2, 'the event loops of both workers';
is_deeply [sort keys %{ $got->{memory} }], [qw(HTTP/2 TLS plain)],
    'memory is measured';
cmp_ok $got->{memory}{TLS}{100}, '>', $got->{memory}{plain}{100},
    'TLS takes more';

# one by one, for a class, and each beside the like that revokes nothing
my %revoked = (shown => 0, role => 30, again => 0, class => 90);
for my $what (sort keys %revoked) {
    my $m = $got->{revocations}{$what} // {};
    ok !(grep { !(($m->{$_} // 0) > 0) } qw(runs ms ctl_ms data_ms)),
        "revocations: $what: measured";
    is $m->{revoked}, $revoked{$what}, "revocations: $what: as many as meant";
}
cmp_ok $got->{revocations}{role}{keys_ms} // 0, '>', 0, 'of the key store, too';

my $text = slurp("$docs/README.md");
like $text, qr/^\Q$_\E/m, "the report has $_" for '| homework fetch, peak',
    '## Latency', '## Statements', '## With and without', '## How long',
    '## Memory', '## School-morning mix',
    '## Revocations', '| the import that ends the enrolments of a class';
ok -s "$docs/$_.svg", "$_.svg is drawn" for qw(homework overview submit mix);


# ---- who is asked for and cannot be had ends it

sub refused (@opt) {
    my $run = run_cmd(root_dir() . '/t/bench/run', '--small', '--docs', $docs,
        '--result', $result, '--rounds', 1, '--seconds', 0.1, @opt,
        (map { "--no-$_" } qw(latency ablations memory counts
                                 revocations)),
        { timeout => 300, env => { PATH => tmp_dir() . "/bin:$ENV{PATH}" } });
    return $run->{code} ? $run->{err} : 'goes on';
}

mkdir tmp_dir() . '/bin';
spew(tmp_dir() . '/bin/node', "#!/bin/sh\necho 'no work today' >&2\nexit 1\n",
     0755);
like refused('--entrants', 'node'), qr/^node: .*no work today$/m,
    'a peer that does not start, with its reason';
like refused('--entrants', 'node,nobody'), qr/^nothing is called nobody/m,
    'a peer that there is not';
like refused('--workloads', 'homework,nobody'), qr/^nothing is called nobody/m,
    'nor such a workload';

done_testing;
