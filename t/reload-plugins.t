#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Reloads that change plugins while requests run: other versions, one that is
# gone, and one that an endpoint needs.  Nobody notices but who asks for what is
# gone; what was stored is read again once it is back.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use JSON::XS ();
use Time::HiRes qw(sleep);

my $chaos = Pupil::Chaos->new(pupils => 3, slow => 10);
my ($nginx, $site) = ($chaos->nginx, $chaos->site);
my ($pupil) = $chaos->pupils;
my $folder = Pupil::Nginx::plugins();
my $all = $nginx->{http};
my $warm = $chaos->measure;

# The same plugin as another version, under a name of its own.
sub bumped ($category) {
    my $bytes = slurp("$folder/pupil_$category.so");
    $bytes =~ s/\0(1\.\d\.)0(?=\0)/\0${1}7/ or die "$category: no version\n";
    return spew(tmp_dir() . "/pupil_$category-next.so", $bytes, 0644);
}

my $next = $all;
for my $category (qw(example homework identity progress)) {
    my $path = bumped($category);
    $next =~ s/\S+pupil_$category\.so/$path/ or die "$category: not loaded\n";
}
my $less = $all =~ s/^pupil_plugin \S+pupil_example\.so;\n//mr;
my $broken = $all =~ s/^pupil_plugin \S+pupil_progress\.so;\n//mr;


# Somebody who writes a preference and reads it, until they are told to stop:
# what is read is what was written last, or what may have been.
sub prefer ($stop) {
    my $http = $chaos->client($pupil);
    my %report = (statuses => {}, faults => []);
    my %may = ('' => 1);

    for (my $n = 0; !-e $stop; $n++) {
        sleep 0.005;
        my $text = "Number $n";
        my $res = eval { $http->request(PATCH => '/v1/data/example', once => 1,
            json => { favourite_subjects => $text }) };
        $http->close if !$res;
        my $status = $res ? $res->status : 0;
        $report{statuses}{$status}++;
        %may = () if $status == 200;
        $may{$text} = 1;

        $res = eval { $http->request(GET => '/v1/data/example', once => 1) };
        $http->close if !$res;
        $status = $res ? $res->status : 0;
        $report{statuses}{$status}++;
        next if $status != 200;
        my $read = $res->json->{records}[0]{favourite_subjects} // '';
        push @{ $report{faults} }, "$read instead of @{[sort keys %may]}"
            if !$may{$read};
    }
    return \%report;
}


# ---- under load

my $dir = tmp_dir();
my $load = $chaos->start;
my $reader = $chaos->fork_one(sub {
    spew("$dir/prefers", JSON::XS->new->utf8->encode(prefer("$dir/stop"))) });
my $reloads = 0;
my @versions;

for my $http ($next, $less, $all, $next, $less, $next, $all) {
    sleep 0.5;
    $nginx->set(http => $http)->reload(wait => 1);
    $reloads++;
    push @versions, slurp('/proc/' . ($nginx->workers)[0] . '/maps')
        =~ /pupil_progress-next\.so/ ? 'next' : 'first';
}
is "@versions", 'next first first next first next first',
    'workers run the plugins of their configuration';

$nginx->allow_log(qr/\[emerg\].*progress/);
my @before = $nginx->workers;
$nginx->set(http => $broken)->reload;
sleep 0.5;
is join(' ', $nginx->workers), "@before",
    'without one that an endpoint needs nothing changes';
$nginx->set(http => $all)->reload(wait => 1);
$reloads++;

spew("$dir/stop", '');
ok process_ends($reader, 60) && $? == 0, 'who prefers has ended well';
my $report = $chaos->end($load);
my $prefers = JSON::XS->new->utf8->decode(slurp("$dir/prefers"));

sub statuses ($report) { json_of($report->{statuses}) }

is $chaos->errors($report), '', 'nobody else notices: ' . statuses($report);
# an idle connection that is closed while a request comes (pitfall 23)
cmp_ok $report->{statuses}{0} // 0, '<=', 4 * $reloads,
    'but for a connection that a reload ends';
$chaos->settled($report, 'other plugins');

is join(' ', sort keys %{ $prefers->{statuses} } ) =~ s/^0 //r, '200 404',
    'what is gone is not found, and comes back: ' . statuses($prefers);
is join("\n", @{ $prefers->{faults} }), '', 'and says what was written last';
$chaos->flat($warm, 'other plugins', 8192);

done_testing;
