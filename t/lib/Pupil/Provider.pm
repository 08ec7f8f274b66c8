package Pupil::Provider;

# An OpenID provider of our own that does as it is told, and a browser's way
# through it.
#
#     my $idp = Pupil::Provider->new;
#     my $nginx = $site->nginx(server => $idp->server_conf)->start;
#     $idp->tell(mode => 'expired', claims => { uniid => 'OKlein' });
#     my $res = $idp->visit($nginx->http);

use v5.36;

use IO::Socket::INET;
use JSON::XS qw(decode_json encode_json);
use Pupil::HTTP;
use Pupil::Util;

sub new ($class) {
    my $self = bless { port => free_port(), owner => $$ }, $class;
    my $ca = test_ca();
    open my $log, '>', tmp_dir() . '/provider.log' or die "$!\n";
    $self->{pid} = start_process(['node', root_dir() . '/t/lib/provider.mjs',
        $self->{port}, @$ca{qw(key cert)}], stdout => $log, stderr => $log);
    wait_until(120, 'the provider to listen', sub {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                              PeerPort => $self->{port}) });
    return $self;
}

# Of one that somebody else runs, shaped alike.
sub at ($class, $port) { bless { port => $port }, $class }

sub DESTROY ($self) {
    local ($?, $@);
    kill KILL => $self->{pid} if $self->{pid} && $self->{owner} == $$;
    process_ends($self->{pid}, 60) if $self->{pid} && $self->{owner} == $$;
}

sub issuer ($self) { "https://localhost:$self->{port}/auth/realms/broker" }

# The location that passes to it, and the directive.  Options: name, words of
# the directive, issuer, timeout, verify.
sub server_conf ($self, %opt) {
    my $secret = spew(tmp_dir() . '/client.secret',
                      "a secret of ours & theirs\n");
    my $ca = test_ca()->{ca};
    my $name = $opt{name} // 'uni';
    my $words = $opt{words} // 'profile=uni-login';
    my $issuer = $opt{issuer} // $self->issuer;
    my $verify = $opt{verify} // 'proxy_ssl_verify on;';
    my $timeout = $opt{timeout} // '5s';
    return <<"";
location /idp/$name/ {
    internal;
    set \$idp 127.0.0.1:$self->{port};
    rewrite ^/idp/$name(/.*)\$ \$1 break;
    proxy_pass https://\$idp;
    proxy_set_header Host localhost:$self->{port};
    $verify
    proxy_ssl_trusted_certificate $ca;
    proxy_ssl_name localhost;
    proxy_ssl_server_name on;
    proxy_read_timeout $timeout;
    proxy_buffering off;
    proxy_ignore_headers X-Accel-Redirect;
    subrequest_output_buffer_size 64k;
}
pupil_login_provider $name issuer=$issuer client_id=pupil
    client_secret_file=$secret through=/idp/$name/ $words;

}

# Tells it, and returns what it has seen.
sub tell ($self, %opt) { $self->_ask('/control', %opt) }

# A token that says whose log-out it is.  Options: mode, claims, of which undef
# is left out.
sub logout_token ($self, %opt) {
    return $self->_ask('/logout-token', claims => {}, %opt)->{token};
}

# The form that it comes in, for Pupil::HTTP.
sub logout_form ($self, $token) {
    return (body => "logout_token=$token",
            type => 'application/x-www-form-urlencoded');
}

sub _ask ($self, $path, %opt) {
    $opt{claims} = encode_json($opt{claims}) if $opt{claims};
    my $query = join '&', map {
        "$_=" . $opt{$_} =~ s/([^\w])/sprintf '%%%02X', ord $1/ger
    } sort keys %opt;
    return decode_json($self->client->get("$path?$query")->body);
}

sub client ($self, %opt) {
    return Pupil::HTTP->new(port => $self->{port}, tls => 1, %opt);
}

# What of a URL is behind its host.
sub behind ($url) { $url =~ s{^https://[^/]+}{}r }

# From our answer to the way back from there, as a path of ours.
sub authorize ($self, $res) {
    my $back = $self->client->get(behind($res->header('location')));
    return behind($back->header('location'));
}

# From our answer to the way back by a form, as a browser sends it: a POST of
# another site has no cookie but those that are SameSite=None, a page that comes
# of it has all.  Our answer to the last.
sub by_form ($self, $http, $sent) {
    my ($path, $form) = split /\?/, $self->authorize($sent), 2;
    my $res = $self->post_form($http, $path, $form, join '; ', map {
        /^([^;]+);.*; SameSite=None/ } $sent->headers('set-cookie'));
    my $on = behind($res->header('location') // '');
    return $on =~ m{/callback\b} ? $http->get($on) : $res;
}

sub post_form ($self, $http, $path, $form, $cookie = '') {
    return $http->post($path, body => $form, csrf => 0, cookies => 0,
        type => 'application/x-www-form-urlencoded',
        header => { Origin => $self->issuer =~ s{/auth.*}{}r,
                    Cookie => $cookie || undef });
}

# All of it; our answer to the browser that comes back.
sub visit ($self, $http, $name = 'uni') {
    return $http->get($self->authorize($http->get("/v1/login/$name")));
}

1;
