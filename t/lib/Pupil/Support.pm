package Pupil::Support;

# A school day with two support accounts, for what they read by somebody's
# grant.
#
#     my $s = Pupil::Support->up;
#     my $grant = $s->let_in($s->day->pupil);
#     is_status $s->support->get("/v1/data/identity/$pupil"), 200;

use v5.36;

use Pupil::Day;

# Options: those of Pupil::Day->up.
sub up ($class, %opt) {
    my $day = Pupil::Day->up(%opt);
    my $site = $day->site;

    $site->ctl_ok(qw(user add), $_, 'support', $site->ctl_where)
        for qw(helping.hand helping.too);
    return bless { day => $day, nginx => $day->nginx }, $class;
}

sub day ($self) { $self->{day} }
sub support ($self) { $self->{day}->as('helping.hand') }
sub another ($self) { $self->{day}->as('helping.too') }

# Support logs in anew.
sub again ($self) {
    delete $self->{day}{http}{'helping.hand'};
    return $self->support;
}

sub redeem ($self, $code) {
    return $self->support->post('/v1/support/redeem',
                                json => { code => $code });
}

# A grant of whom this client is, redeemed.
sub let_in ($self, $user, %with) {
    my $res = $user->post('/v1/me/support-grants', json => \%with);
    die "a grant: @{[$res->text]}\n" if $res->status != 201;
    my $redeemed = $self->redeem($res->json->{code});
    die "a code: @{[$redeemed->text]}\n" if $redeemed->status != 200;
    return $res->json;
}

1;
