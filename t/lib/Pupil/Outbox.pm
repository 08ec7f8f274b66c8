package Pupil::Outbox;

# Copyright (C) the Pupil authors
#
# The outbox of a tenant (t/mail.t), filled as a worker fills it.
#
#     my $outbox = Pupil::Outbox->new($site);   # whose teachers have addresses
#     $outbox->put(20);                         # to one of them

use v5.36;

use Pupil::Day;
use Pupil::Test ();
use Pupil::Util;

sub new ($class, $site) {
    addresses($site);
    return bless { day => bless({ site => $site }, 'Pupil::Day'),
                   db => $site->db, tenant => $site->tenant,
                   to => $site->person('CBeane')->{id} }, $class;
}

# The roster of the demo, in which teachers have some.
sub addresses ($site) {
    my $data = root_dir() . '/docs/quickstart/data/sds-100-users';
    my $roster = tmp_dir() . '/addresses';
    if (!-d $roster) {
        mkdir $roster or die "$roster: $!\n";
        for my $file (glob "$data/*.csv") {
            my $text = slurp($file);
            if ($file =~ /Teacher\.csv$/) {
                my ($head, @rows) = map { [split /,/, $_, -1] } split /\r?\n/,
                    $text;
                $_->[10] = lc "$_->[4]\@skolan.example" for @rows;
                $text = join '', map { join(',', @$_) . "\n" } $head, @rows;
            }
            spew($roster . $file =~ s{.*(?=/)}{}r, $text);
        }
    }
    $site->ctl_ok('import', 'sds', $roster, '--dates', 'open',
                  $site->ctl_where);
}

sub put ($self, $n = 1) {
    my $db = $self->{db};
    for (1 .. $n) {
        my ($mail, $now, $micros) = $db->selectrow_array('SELECT'
            . ' gen_random_uuid(), n, (extract(epoch FROM n) * 1000000)::bigint'
            . ' FROM (SELECT now()) AS n (n)');
        $db->do('INSERT INTO pupil.outbox (tenant, mail, subject, kind,'
            . ' language, created_at, mac) VALUES (?, ?, ?, ?, ?, ?,'
            . " decode(?, 'hex'))", {}, $self->{tenant}, $mail, $self->{to},
            'password_changed', 'sv', $now, unpack 'H*',
            $self->{day}->mac(mail => $mail, $self->{to}, 'password_changed',
                              'sv', $micros));
    }
    return $self;
}

sub count ($self) {
    return $self->{db}->selectrow_array('SELECT count(*) FROM pupil.outbox'
        . ' WHERE tenant = ?', {}, $self->{tenant});
}

sub clear ($self) {
    $self->{db}->do('DELETE FROM pupil.outbox WHERE tenant = ?', {},
                    $self->{tenant});
}

# Opens one as a log-out that the key store has not heard of: its id.
sub revoke ($self) {
    return $self->{db}->selectrow_array('INSERT INTO pupil.revocation (tenant,'
        . ' revocation, subject, token_hash, until) VALUES (?,'
        . " gen_random_uuid(), ?, decode(?, 'hex'), now() + interval '1 hour')"
        . ' RETURNING revocation', {}, $self->{tenant}, $self->{to},
        unpack 'H*', Pupil::Test::uuid() =~ s/-//gr);
}

1;
