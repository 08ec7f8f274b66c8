#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# /status/ready in each outage, with and without traffic: red while nothing can
# be answered, with the reason, which the log says too; green again by itself.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

# What does not answer is given up after a second, not after five.
my $day = Pupil::Day->up(workers => 1, site => pupil_up(import => 1,
    keys => Pupil::Postgres->new(own_system => 1)),
    conf => { pupil_request_timeout => '1s' },
    pupil => join '', map { "pupil_pool $_ statement_timeout=1s"
                            . " connect_timeout=1s;\n" } qw(data keys));
my ($site, $nginx) = ($day->site, $day->nginx);
my ($data, $keys) = ($site->pg, $site->keys_pg);
my $pupil = $day->pupil;
my $holder;

# A table that somebody holds.
sub hold ($pg, $database, $table) {
    $holder = $pg->connect($database, AutoCommit => 0);
    $holder->do("LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");
}

sub let_go () {
    $holder->rollback;
    $holder->disconnect;
}

sub read_only ($pg, $is) {
    $pg->set(default_transaction_read_only => $is)->reload;
}

# What a worker says of one that is frozen, as it had connections to it, made one,
# or looked what it is.
my $frozen = qr/(?:no answer|timeout expired|took too long)/;

# What happens, what is over, why it is red, and what the log says.
my @outages = (
    { name => 'the data database stops', why => qr/to the database$/,
      begin => sub { $data->stop }, end => sub { $data->start },
      line => qr/"data"/ },
    { name => 'the data database is frozen', why => qr/database|audit/,
      begin => sub { $data->freeze }, end => sub { $data->thaw },
      line => qr/"data": .*$frozen|audit records cannot/ },
    { name => 'the data database is read-only', why => qr/database|audit/,
      begin => sub { read_only($data, 'on') },
      end => sub { read_only($data, undef) },
      line => qr/"data": .*read-only/ },
    { name => 'the key store stops', why => qr/to the key store$/,
      begin => sub { $keys->stop }, end => sub { $keys->start },
      line => qr/"keys"/ },
    { name => 'the key store is frozen', why => qr/the key store/,
      begin => sub { $keys->freeze }, end => sub { $keys->thaw },
      line => qr/"keys": .*$frozen/ },
    { name => 'the key store is locked', why => qr/the key store/,
      begin => sub { hold($keys, 'pupil_keys', 'keystore.floor') },
      end => \&let_go, line => qr/"floors" on "keys" failed: SQLSTATE 5/ },
    { name => 'the audit is locked', why => qr/audit/,
      begin => sub { hold($data, 'pupil', 'pupil.audit_record') },
      end => \&let_go, line => qr/audit records cannot be stored.*lock/ },
);

sub ready () { $nginx->http->get('/status/ready') }
sub asked () { $pupil->get('/v1/session')->status }

sub soon ($name, $code) { ok eval { wait_until(60, $name, $code) }, $name }

for my $outage (@outages) {
    my $seen = length $nginx->log_text;

    for my $traffic (0, 1) {
        my $name = $outage->{name} . ($traffic ? '' : ', without traffic');
        my $res;

        $outage->{begin}->();
        soon("$name: red", sub {
            asked() if $traffic;
            return ($res = ready())->status == 503 });
        like $res->json->{why} // '', $outage->{why}, "$name: with the reason";
        soon("$name: nothing is answered", sub { asked() == 503 });
        is $nginx->http->get('/status/live')->status, 200, "$name: alive";
        soon("$name: the log says it", sub {
            substr($nginx->log_text, $seen) =~ /\[error\].*$outage->{line}/ });

        $outage->{end}->();
        soon("$name: over, and green", sub { ready()->status == 200 });
        soon("$name: and serves", sub { asked() == 200 });
    }
}

done_testing;
