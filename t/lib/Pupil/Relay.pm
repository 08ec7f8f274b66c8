package Pupil::Relay;

# Copyright (C) the Pupil authors
#
# A relay that takes mail to members of staff, for pupilctl work.
#
#     my $relay = Pupil::Relay->new;
#     $site->ctl_ok('work', $relay->options, $site->ctl_where);
#     for my $mail ($relay->mails) { ... $mail->{body} }

use v5.36;
use utf8;

use Encode ();
use IO::Socket::INET ();
use JSON::XS ();
use MIME::QuotedPrint ();
use Pupil::Util;
use Pupil::Test ();

my $FROM = 'no-reply@pupil.example';

sub new ($class) {
    my $port = Pupil::Test::free_port();
    my $folder = tmp_dir() . "/relay-$port";
    my $ca = Pupil::Test::test_ca();
    mkdir $folder or die;
    open my $log, '>', "$folder/log" or die;
    Pupil::Test::start_process([root_dir() . '/t/lib/smtpd.py', $port, $folder,
        @$ca{qw(cert key)}, 'starttls'], stdout => $log, stderr => $log);
    wait_until(60, 'the relay', sub {
        IO::Socket::INET->new("127.0.0.1:$port") });
    return bless { port => $port, folder => $folder, ca => $ca->{ca},
                   seen => 0 }, $class;
}

sub options ($self) {
    return ('--mail', "smtp://localhost:$self->{port}", '--mail-from', $FROM,
            '--mail-ca', $self->{ca});
}

# What it has said yes to since it was asked the last time, in order; body: as
# it is read.
sub mails ($self) {
    my @mails;
    while (-f (my $file = "$self->{folder}/mail" . ($self->{seen} + 1))) {
        my $mail = JSON::XS::decode_json(slurp($file));
        my ($head, $body) = map { s/\r\n/\n/gr } split /\r\n\r\n/,
                            $mail->{text}, 2;
        $mail->{head} = $head;
        $mail->{body} = Encode::decode_utf8(
            MIME::QuotedPrint::decode_qp($body));
        $mail->{subject} = Encode::decode('MIME-Header',
            ($head =~ /^Subject: (.*)$/m)[0]);
        push @mails, $mail;
        $self->{seen}++;
    }
    return @mails;
}

1;
