#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# --state: what is to be taken otherwise than by the last good run is fetched
# whole, though nothing has changed at the server.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use Pupil::OneRoster;
use Pupil::Ss12000;
use JSON::XS ();

my $site = pupil_up(schools => 1);
my $peer = Pupil::OneRoster->new;
my $state = tmp_dir() . '/state';
my $list = spew(tmp_dir() . '/schools', "o1\no2\n");
my $class = spew(tmp_dir() . '/classes', "k1\nk2\n");

# "whole" or "unchanged"; of another command, what it says.
sub took (@words) {
    my $run = $site->ctl(@words, '--json', '--state', $state,
                         $site->ctl_where);
    my $json = eval { JSON::XS::decode_json($run->{out}) } // {};
    return $run->{code} ? "$run->{code} $run->{err}"
         : $json->{unchanged_since} ? 'unchanged' : 'whole';
}
sub import (@options) { took('import', 'oneroster-rest', $peer->url, @options) }

$peer->tell(Pupil::OneRoster::school());
is import(), 'whole', 'the first time';
is import(), 'unchanged', 'the same again';

for my $other (['schools', '--schools', $list],
               ['other schools', '--schools', $list, sub {
                   spew($list, "o2\no1\n") }],
               ['classes', '--classes', $class],
               ['dates', '--dates', 'open'], ['absence', '--close-absent'],
               ['addresses', '--pupil-login-email'], ['none of these'],
               ['a state of before', sub {
                   my $text = JSON::XS::decode_json(slurp($state));
                   delete $text->{settings};
                   spew($state, JSON::XS::encode_json($text)) }])
{
    my ($name, @options) = @$other;
    (pop @options)->() if ref $options[-1];
    is import(@options), 'whole', "$name: all is fetched";
    is import(@options), 'unchanged', "$name: and not again";
}

my $conf = tmp_dir() . '/sync.conf';
my $text = "source = oneroster\nkind = oneroster-rest\nfrom = "
    . $peer->url . "\n";
spew($conf, $text);
is took('sync', $conf), 'unchanged', 'by a timer, the same';
spew($conf, "${text}schools = $list\n");
is took('sync', $conf), 'whole', 'and by other settings not';

# another folder of plugins: what they grant is less
my $plugins = tmp_dir() . '/plugins';
mkdir $plugins or die "$!\n";
for (glob build_dir() . '/plugins/*.so') {
    symlink $_, "$plugins/" . (split m{/})[-1] or die "$!\n"
        if !/progress/;
}
my @where = $site->ctl_where;
is import('--schools', $list), 'unchanged', 'the plugins of before';
is took('import', 'oneroster-rest', $peer->url, '--schools', $list,
        '--plugins', $plugins), 'whole', 'and fewer of them';

unlink $state;
$peer = Pupil::Ss12000->new;
$peer->tell(Pupil::Ss12000::school());
$site = Pupil::Roster::tenant($site, 'ss12000');
my @ss = ('import', 'ss12000', $peer->url);
is took(@ss), 'whole', 'SS 12000';
is took(@ss), 'unchanged', 'the same again';
is took(@ss, '--dates', 'open'), 'whole', 'and with other options';

done_testing;
