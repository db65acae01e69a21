#!/bin/bash
# Makes the captures beside this script with real programs between network namespaces, which it creates and removes.
#
# usage: sudo Tests/Traces/make-traces.sh [NAME…]        (all of them without names)
# needs: apt-get install tcpdump tshark ethtool iproute2 openssl curl dnsutils dnsmasq-base iputils-ping python3
#        postgresql ssl-cert mariadb-server mariadb-client redis-server; of PyPI, in the environment that FOVEA_PYTHON is of: pymysql pymongo
#        nginx-light tinyproxy (for http-nginx)
# needs: apt-get install tcpdump tshark ethtool iproute2 openssl curl dnsutils dnsmasq-base iputils-ping python3 nghttp2 python3-grpcio
#        openssh-server openssh-client dropbear-bin python3-aiosmtpd
#        openssh-server openssh-client dropbear-bin python3-aiosmtpd busybox chrony sip-tester kamailio
#
# The captures are committed; times, ports and keys differ each time this runs. Beside NAME.pcap stands its oracle NAME.json: what
# tshark 4.0 and an independent parser see in it, each figure by the rules that the JSON names. Write it anew with the capture.
#
#   tls            OpenSSL: TLS 1.2 and 1.3, ALPN, resumption by ticket and PSK, 0-RTT, alerts both ways, a closed port, IPv4 and IPv6
#   dtls           OpenSSL: DTLS 1.0 and 1.2, with a cookie and without, hellos in fragments, IPv4 and IPv6
#   http           curl and Python's http.server: keep-alive, a 30 KB body, HEAD, 404, a refused POST, IPv6
#   http-nginx     curl and nginx: keep-alive, gzip in chunks, HEAD, 304, 100 Continue, uploads of known length and in chunks, ranges, Basic
#                  authentication, CONNECT through tinyproxy with HTTP and TLS in it, an upgrade
#   http2          cleartext HTTP/2: curl and nghttp by prior knowledge and by upgrade, with nghttpd and nghttpx; push, resets, trailers; gRPC
#   dns            dig and dnsmasq over UDP and TCP, ping over IPv4 and IPv6
#   ssh            OpenSSH and Dropbear with each other, over IPv4 and IPv6, nothing in common, a banner and no more, lines before a banner
#   smtp           aiosmtpd and Python's smtplib: mails, refused recipients and mails, AUTH, STARTTLS with a mail behind it, commands sent ahead, IPv6
#   dhcp           dnsmasq and udhcpc: an address is given, renewed and released; another asks for one of another network
#   sip            SIPp with itself and through Kamailio, over UDP and TCP, IPv4 and IPv6: calls that are taken and refused, a late answer, a registration
#                  without and with credentials, compact headers, a line that is no header, a request without an answer
#   ntp            chrony as server and client over IPv4 and IPv6; and from a script, for chrony has none: a control message, a request for the list of clients
#   vlan-qinq      one tuple five times at once: untagged, VLAN 100, VLAN 200, 802.1ad 300 + VLAN 100, three tags
#   udp-fragments  a 4 KB datagram each way, IPv4 and IPv6
#   tcp-loss       30 KB over a wire that loses (before and after the mirror), reorders and doubles frames
#   blocks         one connection, pcapng
#   nanoseconds    one connection, classic pcap with the nanosecond magic
#   cooked, cooked2  one connection each, tcpdump -i any: Linux cooked headers, version 1 and 2
#   raw-ip         one connection over a tun device: no link layer
#   postgresql     psql: a refused password, SCRAM, errors, a transaction, a prepared statement, COPY, a cancelled query, TLS behind SSLRequest
#   mysql          MariaDB's client and PyMySQL: a refused password, errors, prepared statements, several results, a transaction, TLS, compression
#   redis          redis-cli and a script: replies of all kinds, a pipeline, a transaction, publish and subscribe, RESP3, AUTH
#   mongodb        PyMongo and a server of its own (mongo.py) with little more than the answers: cursors, errors, SASL, OP_COMPRESSED, legacy OP_QUERY
#   quic           aioquic (from PyPI, installed for this): versions 1 and 2, from 1 to 2, a version that nobody has, Retry, 0-RTT, a hello over two
#                  packets, a protocol that the server does not speak, IPv4 and IPv6
set -euo pipefail
cd "$(dirname "$0")"
here=$PWD
work=$(mktemp -d)
net=fovea$$  # the namespaces' names begin so
names=("${@:-}")
[ -n "${names[0]}" ] || names=(tls dtls http dns vlan-qinq udp-fragments tcp-loss blocks nanoseconds cooked cooked2 raw-ip postgresql mysql redis mongodb quic http-nginx http2 ssh smtp dhcp ntp sip)

# Ends whatever runs in the namespaces, and them.
clear_spaces() {
    local space
    for space in $(ip netns list | awk '/^'$net'-/ {print $1}'); do
        # Whoever is gone with another of them is gone.
        ip netns pids "$space" | xargs -r kill 2>/dev/null || true
        ip netns del "$space"
    done
}
trap 'clear_spaces; rm -rf "$work"' EXIT

in_space() { local space=$1; shift; ip netns exec "$net-$space" "$@"; }
start() { in_space "$@" >>"$work/log" 2>&1 & }

# space NAME…: namespaces with a loopback.
space() {
    local name
    for name in "$@"; do
        ip netns add "$net-$name"
        in_space "$name" ip link set lo up
    done
}

# Namespaces a and b, joined by a veth pair. Without offloads, so that frames are as they would be on a wire.
ethernet() {
    space a b
    ip -n $net-a link add eth0 address 02:00:00:00:00:01 type veth peer name eth0 address 02:00:00:00:00:02 netns $net-b
    for end in a:1 b:2; do
        in_space "${end%:*}" ethtool -K eth0 tx off rx off sg off tso off gso off gro off >/dev/null
        ip -n "$net-${end%:*}" address add "192.0.2.${end#*:}/24" dev eth0
        ip -n "$net-${end%:*}" address add "2001:db8::${end#*:}/64" dev eth0 nodad
        ip -n "$net-${end%:*}" link set eth0 up
    done
    sleep 2.5  # duplicate address detection and router solicitations
}

# Namespace m with a pair of devices: what is written to `mirror` arrives at `port`, where it is captured.
mirror() {
    space m
    ip -n $net-m link add mirror type veth peer name port
    for device in mirror port; do
        echo 1 | in_space m tee "/proc/sys/net/ipv6/conf/$device/disable_ipv6" >/dev/null
        ip -n $net-m link set "$device" up
    done
}

# capture SPACE FILE ARGUMENTS…
capture() {
    local space=$1 file=$2
    shift 2
    ip netns exec "$net-$space" tcpdump --immediate-mode -B 8192 -U -q -n -Z root -w "$file" "$@" >>"$work/log" 2>&1 & tap=$!
    sleep 1
}

captured() {
    sleep 1
    kill $tap
    wait $tap || true
}

serve_http() {  # SPACE ADDRESS
    mkdir -p "$work/site"
    python3 -c 'print("".join("line %04d of thirty kilobytes\n" % n for n in range(1034)), end="")' >"$work/site/large.txt"
    echo small >"$work/site/small.txt"
    start "$1" python3 -m http.server --protocol HTTP/1.1 --bind "$2" --directory "$work/site" 80
    sleep 0.7
}

fetch() { in_space "$1" curl -s -m 20 -o /dev/null "${@:2}" || true; }

make_tls() {
    ethernet
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9999 -subj /CN=example.org \
        -keyout "$work/key" -out "$work/cert" 2>/dev/null
    # Port 8443 offers ALPN and both versions, 8444 TLS 1.3 only, 8445 takes early data, 8446 is closed.
    start b openssl s_server -accept 8443 -key "$work/key" -cert "$work/cert" -alpn h2,http/1.1 -rev
    start b openssl s_server -accept 8444 -key "$work/key" -cert "$work/cert" -tls1_3 -rev
    start b sh -c "sleep 60 | openssl s_server -accept 8445 -key $work/key -cert $work/cert -early_data -quiet"
    sleep 0.5
    capture a "$work/tls.pcap" -i eth0 tcp
    connect() { (sleep 0.4; echo "some text"; sleep 0.4) | in_space a openssl s_client "$@" >>"$work/log" 2>&1 || true; }
    connect -connect 192.0.2.2:8443 -servername www.example.org -tls1_3 -alpn h2,http/1.1
    connect -connect 192.0.2.2:8443 -servername mail.example.org -tls1_2 -alpn http/1.1 -sess_out "$work/session"
    connect -connect 192.0.2.2:8443 -servername mail.example.org -tls1_2 -sess_in "$work/session"
    connect -connect 192.0.2.2:8443 -noservername
    connect -connect '[2001:db8::2]:8443' -servername six.example.net -tls1_2
    connect -connect '[2001:db8::2]:8443' -servername six13.example.net -tls1_3 -sess_out "$work/session"
    connect -connect '[2001:db8::2]:8443' -servername six13.example.net -tls1_3 -sess_in "$work/session"
    connect -connect 192.0.2.2:8444 -servername refused.example.org -tls1_2
    connect -connect 192.0.2.2:8443 -servername distrusted.example.org -verify_return_error
    connect -connect 192.0.2.2:8446 -servername closed.example.org
    connect -connect 192.0.2.2:8445 -servername early.example.org -tls1_3 -sess_out "$work/session"
    echo "early data" >"$work/early"
    connect -connect 192.0.2.2:8445 -servername early.example.org -tls1_3 -sess_in "$work/session" -early_data "$work/early"
    captured
}

make_dtls() {
    ethernet
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9999 -subj /CN=example.org \
        -keyout "$work/key" -out "$work/cert" 2>/dev/null
    # Port 4433 asks for a cookie first, 4434 speaks DTLS 1.0 and no other, 4435 has little room in a datagram.
    serve() { start b sh -c "sleep 60 | openssl s_server -key $work/key -cert $work/cert -quiet $*"; }
    serve -accept 4433 -dtls1_2 -listen -alpn h2,http/1.1
    serve -accept 4434 -dtls1 -cipher DEFAULT@SECLEVEL=0
    serve -accept 4435 -dtls1_2 -mtu 300
    sleep 0.5
    capture a "$work/dtls.pcap" -i eth0 udp
    connect() { (sleep 0.4; echo "some text"; sleep 0.4) | in_space a timeout 5 openssl s_client "$@" >>"$work/log" 2>&1 || true; }
    connect -dtls1_2 -connect 192.0.2.2:4433 -servername cookie.example.org -alpn http/1.1
    connect -dtls1 -cipher DEFAULT@SECLEVEL=0 -connect 192.0.2.2:4434 -servername old.example.org
    connect -dtls1_2 -connect '[2001:db8::2]:4435' -mtu 256 -servername fragments.example.org
    captured
}

make_http() {
    ethernet
    serve_http b ::
    capture a "$work/http.pcap" -i eth0 tcp
    fetch a http://192.0.2.2/small.txt http://192.0.2.2/large.txt -o /dev/null http://192.0.2.2/small.txt -o /dev/null
    fetch a -I http://192.0.2.2/large.txt
    fetch a -H 'Host: missing.example.org' http://192.0.2.2/missing
    fetch a -d 'a=1&b=2' http://192.0.2.2/form
    fetch a -g 'http://[2001:db8::2]/small.txt'
    fetch a http://192.0.2.2:81/
    captured
}

make_http-nginx() {
    ethernet
    mkdir -p "$work/www/up"
    chmod 711 "$work"
    chmod 777 "$work/www/up"
    python3 -c 'print("<!DOCTYPE html>", "".join("<p>line %03d\n" % n for n in range(200)), end="")' >"$work/www/page.html"
    echo small >"$work/www/small.txt"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9999 -subj /CN=example.org \
        -keyout "$work/key" -out "$work/cert" 2>/dev/null
    cat >"$work/nginx.conf" <<END
daemon off;
pid $work/nginx.pid;
error_log $work/log;
events {}
http {
    access_log off;
    types { text/html html; text/plain txt; }
    gzip on;
    gzip_types text/plain;
    server {
        listen 80;
        listen [::]:80;
        listen 443 ssl;
        ssl_certificate $work/cert;
        ssl_certificate_key $work/key;
        root $work/www;
        location /up/ { dav_methods PUT DELETE; }
        location /moved { return 302 /small.txt; }
    }
}
END
    # Answers each connection with 101, and then with what it is sent.
    cat >"$work/upgrade.py" <<'END'
import socket
server = socket.create_server(("", 81))
while True:
    peer, _ = server.accept()
    data = peer.recv(65535)
    peer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
    peer.send(b"\x81\x05hello")
    peer.close()
END
    printf 'Port 8888\nListen 192.0.2.2\nTimeout 20\nLogFile "%s"\nLogLevel Error\n' "$work/log" >"$work/proxy.conf"
    start b nginx -e "$work/log" -c "$work/nginx.conf"
    start b tinyproxy -d -c "$work/proxy.conf"
    start b python3 "$work/upgrade.py"
    sleep 1
    capture a "$work/http-nginx.pcap" -i eth0 tcp
    local host=http://192.0.2.2
    fetch a $host/small.txt -o /dev/null $host/page.html -o /dev/null $host/missing -o /dev/null "$host/moved?to=small"
    fetch a --compressed $host/page.html
    fetch a -I $host/page.html -o /dev/null $host/small.txt
    fetch a -z "$work/www/page.html" $host/page.html
    fetch a -r 10-19 -H "X-Forwarded-For: 198.51.100.7" -H "Cookie: a=b; c=d" -e $host/page.html $host/page.html
    fetch a -u alice:secret $host/small.txt
    fetch a -T "$work/www/page.html" -H "Expect: 100-continue" $host/up/page.html
    fetch a -T - $host/up/chunked.html <"$work/www/page.html"
    fetch a -X DELETE $host/up/page.html
    fetch a -0 $host/small.txt
    fetch a -g 'http://[2001:db8::2]/small.txt'
    fetch a -x $host:8888 $host/small.txt
    fetch a -p -x $host:8888 $host/small.txt
    fetch a -p -x $host:8888 -k https://192.0.2.2/small.txt
    fetch a -m 2 -H "Connection: Upgrade" -H "Upgrade: websocket" -H "Sec-WebSocket-Version: 13" -H "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==" $host:81/chat
    captured
}

make_http2() {
    ethernet
    mkdir -p "$work/site"
    head -c 3000 /dev/zero | tr '\0' x >"$work/site/large.txt"
    echo small >"$work/site/small.txt"
    echo pushed >"$work/site/pushed.css"
    # Port 8080 knows HTTP/2 alone, with pushes and trailers; 8081 is HTTP/1.1 and takes upgrades; 8082 is gRPC.
    start b nghttpd --no-tls --echo-upload --htdocs="$work/site" --push=/large.txt=/pushed.css --trailer='x-checksum: 1' 8080
    start b nghttpx --conf=/dev/null --no-ocsp --workers=1 --frontend='0.0.0.0,8081;no-tls' --backend='127.0.0.1,8080;;proto=h2'
    start b /usr/bin/python3 "$here/grpc-calls.py" serve 192.0.2.2:8082
    sleep 2
    capture a "$work/http2.pcap" -i eth0 tcp
    local site=http://192.0.2.2:8080
    fetch a --http2-prior-knowledge $site/small.txt $site/small.txt -o /dev/null $site/missing -o /dev/null
    fetch a --http2-prior-knowledge -d 'a=1&b=2' $site/form
    fetch a --http2-prior-knowledge -g 'http://[2001:db8::2]:8080/small.txt'
    fetch a --http2 http://192.0.2.2:8081/small.txt http://192.0.2.2:8081/large.txt -o /dev/null
    in_space a nghttp --null-out $site/large.txt $site/small.txt >>"$work/log" 2>&1 || true
    in_space a nghttp --null-out --no-dep --upgrade http://192.0.2.2:8081/small.txt >>"$work/log" 2>&1 || true
    in_space a nghttp --null-out --continuation --header-table-size=8192 --encoder-header-table-size=8192 --header="x-long: $(printf 'y%.0s' {1..300})" \
        --trailer='x-end: 1' --data="$work/site/small.txt" $site/small.txt >>"$work/log" 2>&1 || true
    in_space a timeout 30 /usr/bin/python3 "$here/grpc-calls.py" call 192.0.2.2:8082 >>"$work/log" 2>&1 || true
    captured
}

make_dns() {
    ethernet
    start b dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= \
        --address=/a.example.org/192.0.2.10 --address=/six.example.org/2001:db8::10 --cname=alias.example.org,host.example.org \
        --host-record=host.example.org,192.0.2.11,2001:db8::11 --mx-host=example.org,mail.example.org,10 \
        --txt-record="text.example.org,$(printf 'x%.0s' {1..200})" --local=/example.org/
    sleep 1
    capture a "$work/dns.pcap" -i eth0
    ask() { in_space a dig +tries=1 +time=2 "$@" >>"$work/log" 2>&1 || true; }
    ask @192.0.2.2 a.example.org A
    ask @192.0.2.2 six.example.org AAAA
    ask @192.0.2.2 alias.example.org A
    ask @192.0.2.2 example.org MX
    ask @192.0.2.2 text.example.org TXT
    ask @192.0.2.2 nowhere.example.org A
    ask @192.0.2.2 +noedns HoSt.ExAmPlE.oRg A
    ask @2001:db8::2 host.example.org AAAA
    ask @192.0.2.2 +tcp text.example.org TXT
    ask @192.0.2.3 a.example.org A
    ask @192.0.2.2 -p 5353 a.example.org A
    in_space a ping -q -c 3 -i 0.2 192.0.2.2 >>"$work/log"
    in_space a ping -q -c 3 -i 0.2 2001:db8::2 >>"$work/log"
    captured
}

make_ssh() {
    ethernet
    ssh-keygen -q -t ed25519 -N "" -f "$work/host"
    ssh-keygen -q -t rsa -b 2048 -N "" -f "$work/host-rsa"
    ssh-keygen -q -t ed25519 -N "" -f "$work/user"
    dropbearkey -t ed25519 -f "$work/dropbear" >>"$work/log" 2>&1
    dropbearkey -t ed25519 -f "$work/dropbear-user" 2>&1 | grep ^ssh- >"$work/authorized"
    cat "$work/user.pub" >>"$work/authorized"
    chmod 700 "$work"
    mkdir -p /run/sshd
    start b "$(command -v sshd)" -D -e -f /dev/null -p 22 -p 443 -h "$work/host" -h "$work/host-rsa" -o UsePAM=no -o StrictModes=no -o PermitRootLogin=yes \
        -o AuthorizedKeysFile="$work/authorized"
    start b dropbear -F -E -p 2222 -r "$work/dropbear" -P "$work/dropbear.pid"
    # Lines before the banner, RFC 4253 4.2.
    start b python3 -c "
import socket
s = socket.create_server(('192.0.2.2', 2223))
while True:
    c, _ = s.accept()
    c.send(b'This server is being moved.\\r\\nCome back later.\\r\\n')
    c.send(b'SSH-2.0-mover_1.0 no keys yet\\r\\n')
    c.recv(4096)
    c.close()"
    sleep 1
    capture a "$work/ssh.pcap" -i eth0 tcp
    enter() { in_space a ssh -F /dev/null -i "$work/user" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "$@" true >>"$work/log" 2>&1 || true; }
    enter root@192.0.2.2
    enter -p 443 -c aes256-ctr -m hmac-sha2-256 -C root@2001:db8::2
    enter -p 22 -o KexAlgorithms=diffie-hellman-group14-sha256 -o HostKeyAlgorithms=rsa-sha2-512 root@192.0.2.2
    enter -o Ciphers=aes128-cbc root@192.0.2.2
    enter -p 2222 root@192.0.2.2
    enter -p 2223 root@192.0.2.2
    in_space a dbclient -y -i "$work/dropbear-user" root@192.0.2.2 true >>"$work/log" 2>&1 </dev/null || true
    in_space a python3 -c "import socket; socket.create_connection(('192.0.2.2', 22)).recv(99)"
    captured
}

make_smtp() {
    ethernet
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9999 -subj /CN=mail.example.org -keyout "$work/key" -out "$work/cert" 2>/dev/null
    cat >"$work/server.py" <<'END'
import asyncio, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult

class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 5.1.1 there is nobody"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        return "554 5.7.1 looks like spam" if b"spam" in envelope.content else "250 2.0.0 queued as 4711"

context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(sys.argv[1], sys.argv[2])

def server():
    return SMTP(Handler(), hostname="mail.example.org", tls_context=context, auth_require_tls=False,
                authenticator=lambda *arguments: AuthResult(success=arguments[4].password == b"secret", handled=False))

async def main():
    for address in "192.0.2.2", "2001:db8::2":
        await asyncio.get_running_loop().create_server(server, address, 25)
    await asyncio.Event().wait()

asyncio.run(main())
END
    cat >"$work/client.py" <<'END'
import smtplib, socket, sys, time
from email.message import EmailMessage

def mail(subject, text, to="john@example.org"):
    message = EmailMessage()
    message["Received"] = "from laptop (dsl.example.net [198.51.100.7]) by mx.example.net with ESMTP; Sat, 28 Nov 2026 07:59:59 +0000"
    message["From"] = "Ann <ann@example.net>"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Sat, 28 Nov 2026 08:00:00 +0000"
    message["Message-ID"] = f"<{len(text)}@example.net>"
    message.set_content(text)
    return message

def connect(address="192.0.2.2"):
    return smtplib.SMTP(address, 25, local_hostname="client.example.net", timeout=9)

with connect() as smtp:
    smtp.send_message(mail("one", "a line\n.\n..dots\n"))
    smtp.send_message(mail("two, of a subject that is so long that it does not fit into one line of seventy-eight characters", "to more\n", "john@example.org, jane@example.org"))
    try:
        smtp.send_message(mail("three", "this is spam\n"))
    except smtplib.SMTPDataError:
        pass
    try:
        smtp.send_message(mail("four", "to nobody\n", "nobody@example.org"))
    except smtplib.SMTPRecipientsRefused:
        pass
with connect("2001:db8::2") as smtp:
    smtp.login("ann", "secret")
    smtp.send_message(mail("six", "over IPv6\n"))
with connect() as smtp:
    try:
        smtp.login("ann", "wrong")
    except smtplib.SMTPAuthenticationError:
        pass
with connect() as smtp:
    smtp.starttls()
    smtp.send_message(mail("hidden", "nobody sees this\n"))
# Commands sent ahead, and an end without QUIT.
with socket.create_connection(("192.0.2.2", 25)) as raw:
    raw.recv(999)
    raw.send(b"EHLO ahead.example.net\r\n")
    raw.recv(999)
    raw.send(b"MAIL FROM:<a@example.net>\r\nRCPT TO:<john@example.org>\r\nDATA\r\n")
    time.sleep(0.3)
    raw.recv(999)
    raw.send(b"Subject: ahead\r\n\r\nx\r\n.\r\n")
    raw.recv(999)
END
    # Debian's own, for which aiosmtpd is installed.
    start b /usr/bin/python3 "$work/server.py" "$work/cert" "$work/key"
    sleep 1.5
    capture a "$work/smtp.pcap" -i eth0 tcp
    in_space a python3 "$work/client.py" >>"$work/log" 2>&1 || cat "$work/log"
    captured
}

make_dhcp() {
    ethernet
    start b dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --no-resolv --no-hosts --user=root --pid-file= --dhcp-authoritative \
        --dhcp-range=192.0.2.100,192.0.2.150,255.255.255.0,120 --dhcp-leasefile="$work/leases" --domain=example.org
    sleep 1
    capture b "$work/dhcp.pcap" -i eth0 udp
    # Its script sets the address, so that renewals come from it; -R releases it in the end.
    printf '#!/bin/sh\n[ "$1" != bound ] || ip address add "$ip/24" dev "$interface"\n' >"$work/bound"
    chmod +x "$work/bound"
    in_space a busybox udhcpc -f -R -i eth0 -x hostname:laptop -F laptop.example.org -V "test 1.0" -s "$work/bound" -p "$work/client" >>"$work/log" 2>&1 & client=$!
    sleep 6  # the server looks first whether somebody has the address
    kill -USR1 "$(cat "$work/client")"
    sleep 2
    kill -TERM "$(cat "$work/client")"
    wait $client || true
    in_space a busybox udhcpc -f -q -n -t 1 -i eth0 -r 203.0.113.9 -s /bin/true >>"$work/log" 2>&1 || true
    captured
}

make_sip() {
    ethernet
    cat >"$work/registrar.xml" <<'END'
<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="registrar"><recv request="REGISTER" rrs="true"/>
<send><![CDATA[
SIP/2.0 401 Unauthorized
[last_Via:]
[last_From:]
[last_To:];tag=r[call_number]
[last_Call-ID:]
[last_CSeq:]
WWW-Authenticate: Digest realm="example.org", nonce="47364c23432d2e131a5fb210812c"
Server: registrar 1.0
Content-Length: 0

]]></send>
<recv request="REGISTER"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=r[call_number]
[last_Call-ID:]
[last_CSeq:]
[last_Contact:];expires=60
Date: Sat, 28 Nov 2026 08:00:00 GMT
Warning: 399 example.org "just so"
Content-Length: 0

]]></send></scenario>
END
    cat >"$work/register.xml" <<'END'
<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="register"><send retrans="500"><![CDATA[
REGISTER sip:example.org SIP/2.0
v: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
f: "Ann, of sales" <sip:ann@example.org>;tag=f[call_number]
t: <sip:ann@example.org>
i: [call_id]
CSeq: 1 REGISTER
m: <sip:ann@[local_ip]:[local_port]>
Max-Forwards: 70
s: I am
 here
User-Agent: phone 1.0
Expires: 60
l: 0

]]></send>
<recv response="401" auth="true"/>
<send retrans="500"><![CDATA[
REGISTER sip:example.org SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "Ann, of sales" <sip:ann@example.org>;tag=f[call_number]
To: <sip:ann@example.org>
Call-ID: [call_id]
CSeq: 2 REGISTER
Contact: <sip:ann@[local_ip]:[local_port]>
Max-Forwards: 70
User-Agent: phone 1.0
[authentication username=ann password=s3cret]
Expires: 60
Content-Length: 0

]]></send>
<recv response="200"/></scenario>
END
    cat >"$work/busy.xml" <<'END'
<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="busy"><recv request="INVITE"/>
<pause milliseconds="700"/>
<send><![CDATA[
SIP/2.0 100 Trying
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
<send retrans="500"><![CDATA[
SIP/2.0 486 Busy Here
[last_Via:]
[last_From:]
[last_To:];tag=b[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
<recv request="ACK"/></scenario>
END
    cat >"$work/refused.xml" <<'END'
<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="refused"><send retrans="300"><![CDATA[
INVITE sip:bob:h1dden@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:ann@example.org>;tag=f[call_number]
To: Bob <sip:bob@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:ann@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=ann 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[local_ip_type] [local_ip]
t=0 0
m=audio 40000 RTP/AVP 0
m=video 40002 RTP/AVP 31
c=IN IP4 198.51.100.7

]]></send>
<recv response="100" optional="true"/>
<recv response="486"/>
<send><![CDATA[
ACK sip:bob@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send></scenario>
END
    cat >"$work/unanswered.xml" <<'END'
<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="unanswered"><send><![CDATA[
OPTIONS sip:100@[remote_ip] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: "sipvicious" <sip:100@1.1.1.1>;tag=f[call_number]
To: "sipvicious" <sip:100@1.1.1.1>
Call-ID: [call_id]
CSeq: 1 OPTIONS
User-Agent: friendly-scanner
Accept: application/sdp
Max-Forwards: 70
Content-Length: 0

]]></send></scenario>
END
    cat >"$work/kamailio.cfg" <<'END'
#!KAMAILIO
debug=1
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
listen=udp:192.0.2.2:5070
listen=tcp:192.0.2.2:5070
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
request_route {
    if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
    if (is_method("OPTIONS")) { sl_send_reply("200", "Keepalive"); exit; }
    if (has_totag()) {
        if (!loose_route()) { $du = "sip:192.0.2.1:5090"; }
        t_relay();
        exit;
    }
    record_route();
    $du = "sip:192.0.2.1:5090";
    t_relay();
}
END
    # -nd, and so no answers of its own to what is not in the scenario; each port has a program of its own.
    serve() { start b sipp "$@" -bg -nd -timeout 60s; }
    ask() { in_space a sipp "$@" -nd -timeout 9s -timeout_error -trace_err -error_file /dev/null </dev/null >>"$work/log" 2>&1 || true; }
    serve -sn uas -i 192.0.2.2 -p 5060 -m 9
    serve -sn uas -i '[2001:db8::2]' -p 5060 -m 9
    serve -sn uas -i 192.0.2.2 -p 5062 -t t1 -m 9
    serve -sf "$work/registrar.xml" -i 192.0.2.2 -p 5064 -m 9
    serve -sf "$work/busy.xml" -i 192.0.2.2 -p 5066 -m 9
    # What comes to it goes to a program that listens where it came from.
    start b kamailio -DD -E -f "$work/kamailio.cfg"
    start a sipp -sn uas -i 192.0.2.1 -p 5090 -bg -nd -timeout 60s -m 9
    sleep 1.5
    capture a "$work/sip.pcap" -i eth0 udp or tcp or icmp
    ask -sn uac -s john -i 192.0.2.1 -p 5060 -m 2 -r 5 -d 200 192.0.2.2:5060
    ask -sn uac -s john -i '[2001:db8::1]' -p 5060 -m 1 '[2001:db8::2]:5060'
    ask -sn uac -s john -t t1 -i 192.0.2.1 -p 5072 -m 2 -r 5 192.0.2.2:5062
    ask -sf "$work/register.xml" -i 192.0.2.1 -p 5074 -m 1 192.0.2.2:5064
    # The answer takes so long that the request is sent again.
    ask -sf "$work/refused.xml" -i 192.0.2.1 -p 5076 -m 1 192.0.2.2:5066
    ask -sf "$work/unanswered.xml" -i 192.0.2.1 -p 5078 -m 1 192.0.2.2:5068
    ask -sf "$work/unanswered.xml" -i 192.0.2.1 -p 5080 -m 1 192.0.2.2:5070
    ask -sn uac -s john -i 192.0.2.1 -p 5082 -m 1 192.0.2.2:5070
    ask -sn uac -s john -t t1 -i 192.0.2.1 -p 5084 -m 1 192.0.2.2:5070
    captured
    # What tshark sees in each message, a line for each: `SIPCaptureTests` holds the parser against it.
    local fields=(frame.number frame.time_epoch sip.Method sip.r-uri sip.r-uri.user sip.r-uri.host sip.Status-Code sip.Status-Line sip.Call-ID sip.CSeq.seq
        sip.CSeq.method sip.from.user sip.from.host sip.from.tag sip.to.user sip.to.host sip.to.tag sip.contact.user sip.contact.host sip.Via sip.Via.branch
        sip.User-Agent sip.Server sip.Subject sip.Max-Forwards sip.Expires sip.Content-Length sip.Content-Type sip.Warning sip.auth.scheme sip.auth.username
        sdp.media.media sdp.media.port sdp.connection_info.address sip.resend-original sip.response-request)
    tshark -r "$work/sip.pcap" -d tcp.port==5070,sip -Y "sip and not icmp" -T json ${fields[@]/#/-e } 2>>"$work/log" | python3 -c '
import json, sys
print("[" + ",\n".join(json.dumps(message["_source"]["layers"]) for message in json.load(sys.stdin)) + "]")' >"$here/sip-messages.json"
}

make_ntp() {
    ethernet
    # -x and -Q: nobody's clock is set.
    printf 'local stratum 8\nallow\ncmdport 0\n' >"$work/chrony.conf"
    start b chronyd -x -d -u root -f "$work/chrony.conf"
    sleep 1.5
    capture a "$work/ntp.pcap" -i eth0 udp
    for address in 192.0.2.2 2001:db8::2; do
        in_space a chronyd -Q -u root -t 6 "server $address iburst maxsamples 2" "cmdport 0" >>"$work/log" 2>&1 || true
    done
    in_space a python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(bytes([0x16, 2, 0, 1]) + bytes(8), ('192.0.2.2', 123))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(bytes([0x17, 0, 3, 42]) + bytes(188), ('192.0.2.2', 123))"
    captured
}

make_vlan-qinq() {
    mirror
    local number=0
    for tags in "" 8100:100 8100:200 88a8:300,8100:100 88a8:300,8100:100,8100:7; do
        number=$((number + 1))
        space "a$number" "b$number"
        start m python3 "$here/wire.py" "$net-a$number" 192.0.2.1/24 "$net-b$number" 192.0.2.2/24 --tags "$tags" --mirror mirror
    done
    sleep 2
    for n in $(seq $number); do serve_http "b$n" 192.0.2.2; done
    capture m "$work/vlan-qinq.pcap" -i port -Q in
    local clients=()
    for n in $(seq $number); do
        fetch "a$n" --local-port 40000 --limit-rate 8k http://192.0.2.2/small.txt -H "X-Network: $n" -o /dev/null http://192.0.2.2/small.txt &
        clients+=($!)
    done
    wait "${clients[@]}"
    captured
}

make_udp-fragments() {
    ethernet
    for address in 192.0.2.2 2001:db8::2; do
        start b python3 -c "
import socket
s = socket.socket(socket.AF_INET6 if ':' in '$address' else socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('$address', 7000))
while True:
    data, peer = s.recvfrom(65535)
    s.sendto(data[::-1], peer)"
    done
    sleep 0.5
    capture a "$work/udp-fragments.pcap" -i eth0 ip proto 17 or ip6 protochain 17 or ip6 proto 44
    for address in 192.0.2.2 2001:db8::2; do
        in_space a python3 -c "
import socket
s = socket.socket(socket.AF_INET6 if ':' in '$address' else socket.AF_INET, socket.SOCK_DGRAM)
s.connect(('$address', 7000))
for size in 4000, 100, 4096:
    s.send(bytes(n % 251 for n in range(size)))
    assert len(s.recv(65535)) == size"
    done
    captured
}

make_tcp-loss() {
    mirror
    space a b
    start m python3 "$here/wire.py" $net-a 192.0.2.1/24 $net-b 192.0.2.2/24 --trouble 7 --mirror mirror
    sleep 1
    serve_http b 192.0.2.2
    capture m "$work/tcp-loss.pcap" -i port -Q in
    fetch a http://192.0.2.2/large.txt
    captured
}

# short FILE ARGUMENTS…: a connection over IPv4 and one over IPv6, captured with tcpdump's ARGUMENTS.
short() {
    ethernet
    serve_http b ::
    capture a "$work/$1" "${@:2}"
    fetch a http://192.0.2.2/small.txt
    fetch a -g 'http://[2001:db8::2]/small.txt'
    captured
}
make_nanoseconds() { short nanoseconds.pcap -i eth0 --time-stamp-precision=nano tcp; }
make_cooked() { short cooked.pcap -i any -y LINUX_SLL tcp; }
make_cooked2() { short cooked2.pcap -i any -y LINUX_SLL2 tcp; }
make_blocks() {
    short blocks.pcap -i eth0 tcp
    editcap -F pcapng "$work/blocks.pcap" "$work/blocks.pcapng"
    rm "$work/blocks.pcap"
}

make_raw-ip() {
    space a b m
    start m python3 "$here/wire.py" $net-a 192.0.2.1/24 $net-b 192.0.2.2/24 --tun
    sleep 1
    serve_http b 192.0.2.2
    capture a "$work/raw-ip.pcap" -i wire0 tcp
    fetch a http://192.0.2.2/small.txt
    captured
}

make_postgresql() {
    ethernet
    local bin data="$work/pgdata"
    bin=$(echo /usr/lib/postgresql/*/bin)
    mkdir -p "$data"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9999 -subj /CN=db.example.org -keyout "$data.key" -out "$data.crt" 2>/dev/null
    echo secret >"$data.password"
    chmod 711 "$work"
    chmod 600 "$data.key"
    chown -R postgres "$data" "$data.key" "$data.crt" "$data.password"
    runuser -u postgres -- "$bin/initdb" -D "$data" -A scram-sha-256 --pwfile "$data.password" -U admin >>"$work/log"
    echo 'host all all 192.0.2.0/24 scram-sha-256' >>"$data/pg_hba.conf"
    start b runuser -u postgres -- "$bin/postgres" -D "$data" -c listen_addresses=192.0.2.2 -c unix_socket_directories= -c ssl=on \
        -c ssl_cert_file="$data.crt" -c ssl_key_file="$data.key" -c fsync=off
    sleep 3
    capture a "$work/postgresql.pcap" -i eth0 tcp
    sql() { in_space a env PGPASSWORD="${PASSWORD:-secret}" PGSSLMODE="${MODE:-disable}" psql -X -h 192.0.2.2 -U admin "$@" >>"$work/log" 2>&1 || true; }
    PASSWORD=wrong sql -d postgres -c 'SELECT 1'
    sql -d nowhere -c 'SELECT 1'
    MODE=prefer sql -d postgres -c 'SELECT 2'
    MODE=require sql -d postgres -c 'SELECT 3'
    sql -d postgres <<'END'
CREATE TABLE planets (name text PRIMARY KEY, moons int);
INSERT INTO planets VALUES ('Earth', 1), ('Mars', 2), ('Venus', 0);
SELECT * FROM planets WHERE moons > 0;
SELECT * FROM comets;
BEGIN;
UPDATE planets SET moons = 3;
INSERT INTO planets VALUES ('Mars', 2);
ROLLBACK;
PREPARE moons AS SELECT moons FROM planets WHERE name = $1;
EXECUTE moons('Mars');
COPY planets FROM STDIN;
Jupiter	95
Saturn	146
\.
COPY planets TO STDOUT;
SELECT 1\; SELECT 2, 3;
SELECT name FROM planets WHERE moons = $1 \bind 2 \g
END
    in_space a python3 "$here/pgwire.py" 192.0.2.2 admin postgres secret >>"$work/log" 2>&1 || true
    captured
}

make_mysql() {
    ethernet
    local data="$work/mydata"
    mkdir -p "$data"
    chmod 711 "$work"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9999 -subj /CN=db.example.org -keyout "$data.key" -out "$data.crt" 2>/dev/null
    chown -R mysql "$data" "$data.key" "$data.crt"
    mariadb-install-db --user=mysql --datadir="$data" --auth-root-authentication-method=normal --skip-test-db >>"$work/log" 2>&1
    start b mariadbd --no-defaults --user=mysql --datadir="$data" --bind-address=192.0.2.2 --socket="$data/socket" --pid-file="$data/pid" \
        --ssl-cert="$data.crt" --ssl-key="$data.key" --skip-name-resolve --local-infile=1
    sleep 5
    in_space b mariadb --no-defaults --socket="$data/socket" -u root \
        -e "CREATE DATABASE shop; CREATE USER admin@'192.0.2.%' IDENTIFIED BY 'secret'; GRANT ALL ON *.* TO admin@'192.0.2.%'" >>"$work/log" 2>&1
    capture a "$work/mysql.pcap" -i eth0 tcp
    sql() { in_space a mariadb --no-defaults -h 192.0.2.2 -u admin --password="${PASSWORD:-secret}" "$@" >>"$work/log" 2>&1 || true; }
    PASSWORD=wrong sql --skip-ssl -e 'SELECT 1'
    sql --skip-ssl --force shop <<'END'
CREATE TABLE planets (name VARCHAR(20) PRIMARY KEY, moons INT);
INSERT INTO planets VALUES ('Earth', 1), ('Mars', 2), ('Venus', 0);
SELECT * FROM planets WHERE moons > 0;
SELECT * FROM comets;
START TRANSACTION;
UPDATE planets SET moons = 3;
INSERT INTO planets VALUES ('Mars', 2);
ROLLBACK;
USE mysql;
END
    sql --ssl -e 'SELECT 2'
    sql --skip-ssl --compress -e 'SELECT 3'
    in_space a "${FOVEA_PYTHON:-python3}" "$here/mysqlwire.py" 192.0.2.2 admin secret shop >>"$work/log" 2>&1 || true
    captured
}

make_redis() {
    ethernet
    start b redis-server --bind 192.0.2.2 --port 6379 --save '' --dir "$work" --protected-mode no --rename-command COMMAND ''
    sleep 1
    capture a "$work/redis.pcap" -i eth0 tcp
    ask() { in_space a redis-cli -h 192.0.2.2 "$@" >>"$work/log" 2>&1 || true; }
    ask <<'END'
SET planet Jupiter
GET planet
GET comet
INCR planet
RPUSH moons Io Europa Ganymede
LRANGE moons 0 -1
MULTI
SET a 1
INCR planet
EXEC
CONFIG GET maxmemory
EVAL "return {1, 'two', {3}}" 0
NOSUCH thing
END
    ask -3 HGETALL nothing
    ask ACL SETUSER alice on '>s3cret' '~*' '+@all'
    ask --user alice --pass s3cret --no-auth-warning PING
    ask --user alice --pass wrong --no-auth-warning PING
    in_space a python3 -c "
import socket, time
def talk(s, data):
    s.sendall(data)
    time.sleep(0.2)
    return s.recv(65536)
one, other = (socket.create_connection(('192.0.2.2', 6379)) for _ in range(2))
talk(one, b'PING\r\n')
talk(one, b'*3\r\n\$9\r\nSUBSCRIBE\r\n\$4\r\nnews\r\n\$5\r\nsport\r\n')
talk(other, b'*3\r\n\$7\r\nPUBLISH\r\n\$4\r\nnews\r\n\$5\r\nhello\r\n')
talk(one, b'*1\r\n\$11\r\nUNSUBSCRIBE\r\n')
talk(other, b''.join(b'*2\r\n\$4\r\nINCR\r\n\$7\r\ncounter\r\n' for _ in range(5)))
talk(other, b'GET counter\r\n')"
    captured
}

make_mongodb() {
    ethernet
    start b "${FOVEA_PYTHON:-python3}" "$here/mongo.py" serve 192.0.2.2
    sleep 1
    capture a "$work/mongodb.pcap" -i eth0 tcp
    in_space a "${FOVEA_PYTHON:-python3}" "$here/mongo.py" ask 192.0.2.2 >>"$work/log" 2>&1 || true
    captured
}

make_quic() {
    ethernet
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" -q install aioquic >>"$work/log" 2>&1
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9999 -subj /CN=example.org \
        -keyout "$work/key" -out "$work/cert" 2>/dev/null
    quic() { in_space "$1" "$work/venv/bin/python" "$here/quic.py" "${@:2}" >>"$work/log" 2>&1; }
    # Port 4433 takes whoever comes, 4434 sends them away once.
    for address in 192.0.2.2 2001:db8::2; do quic b serve $address 4433 "$work/key" "$work/cert" & done
    quic b serve 192.0.2.2 4434 "$work/key" "$work/cert" retry &
    sleep 3
    capture a "$work/quic.pcap" -i eth0 udp
    quic a ask 2001:db8::2 4433 one.example.org v1
    quic a ask 192.0.2.2 4433 two.example.org v2
    quic a ask 192.0.2.2 4433 other.example.org other
    quic a ask 192.0.2.2 4433 unknown.example.org unknown
    quic a ask 192.0.2.2 4434 again.example.org v1
    quic a ask 192.0.2.2 4433 early.example.org v1 early
    quic a ask 192.0.2.2 4433 foreign.example.org v1 foreign
    quic a ask 192.0.2.2 4433 long.example.org v1 long
    captured
}

for name in "${names[@]}"; do
    make_"$name"
    clear_spaces
    mv "$work/$name".pcap* "$here/"
done
