package Pupil::Away;

# The school day of a second tenant, Pupil::Day::neighbour(), behind the same
# nginx, whose pupil_tenant is chosen by the header X-School:
#
#     conf => { pupil_tenant => '$school' },
#     http => Pupil::Away::map($site, $there)
#     my $away = Pupil::Away->day($there, $nginx);

use v5.36;

use parent -norequire, 'Pupil::Day';
use Pupil::Day;

# As in the first tenant, but with other passwords.
my %LOGINS = (teacher => 'CBeane', pupil => 'OKlein', classmate => 'BMcMillan');

sub day ($class, $there, $nginx) {
    return bless { site => $there, nginx => $nginx, people => {}, http => {},
                   away => 1 }, $class;
}

sub map ($site, $there) {
    return "map \$http_x_school \$school { default @{[$site->tenant]};"
           . " there @{[$there->tenant]}; none no-uuid; }\n";
}

sub as ($self, $who) {
    return $self->{http}{$who} //= do {
        my $http = $self->{nginx}->http(header => { 'X-School' => 'there' });
        my $person = $self->person($who);
        my $res = $http->enter(@$person{qw(login password)});
        die 'log-in: ', $res->text, "\n" if $res->status != 200;
        $http;
    };
}

sub person ($self, $who) {
    return $self->{people}{$who}
           //= $self->{site}->person($LOGINS{$who},
                                     "There $LOGINS{$who}, 2026");
}

1;
