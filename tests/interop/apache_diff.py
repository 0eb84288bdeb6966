#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the proxy's configuration against Apache httpd itself.

Each case is a configuration and requests: NAME.conf and NAME.json, or a folder with case.json and a tree of
files. It is run under Apache and under the proxy, in front of the same small recording members; what both make
of the requests has to be the same. A case that is declined stands in declined.txt with the reason.
"""
import argparse, base64, collections, hashlib, http.client, io, json, os, re, shutil, signal, socket, socketserver
import ssl, subprocess, sys, tempfile, threading, time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

APACHE = os.environ.get('APACHE', '/usr/sbin/apache2')
MODULES = os.environ.get('APACHE_MODULES', '/usr/lib/apache2/modules')
PROXY = os.environ.get('UNDERSTUDY', 'build/release/bin/understudy')
LOADED = '''mpm_event authz_core authz_host authz_user authn_core authn_file auth_basic access_compat alias autoindex
    dir env setenvif headers rewrite mime negotiation deflate filter expires status reqtimeout remoteip proxy proxy_http
    proxy_ajp proxy_wstunnel proxy_balancer slotmem_shm lbmethod_byrequests lbmethod_bybusyness lbmethod_bytraffic
    proxy_hcheck socache_shmcb ssl http2'''
PROLOGUE = ('ServerRoot {0}\nDefaultRuntimeDir {0}/run\nPidFile {0}/run/apache.pid\nErrorLog {0}/run/apache.log\n'
            'TypesConfig /etc/mime.types\nUser www-data\nGroup www-data\n')
SESSION = 'Qm7TnLp2VhXs9RkYc4WdZb6FgJt8NvKq1MxPw3SrHy5CzBfDjGlA'      # as long as WebLogic's: 52 letters
AJP_METHODS = 'OPTIONS GET HEAD POST PUT DELETE TRACE'.split()
AJP_FIELDS = '''Accept Accept-Charset Accept-Encoding Accept-Language Authorization Connection Content-Type
    Content-Length Cookie Cookie2 Host Pragma Referer User-Agent'''.split()

# ---- members ---------------------------------------------------------------------------------------------------

class Cluster:
    """The WebLogic members of the case that runs, as X-WebLogic-Cluster-List names them."""
    text, ids = '', []

def answer(member, method, path, fields, body):
    """What a member says to a request: status, fields, body. X-Do orders it: [MEMBER:]KEY=VALUE|..."""
    asked = {name.lower(): value for name, value in fields}
    status, out = 200, [('Content-Type', 'application/json'), ('X-Powered-By', 'member')]
    for who, key, value in re.findall(r'(?:^|\|)(?:(\w+):)?(\w+)=([^|]*)', asked.get('x-do', '')):
        if who in ('', member.name):
            if key == 'status':
                status = int(value)
            elif key == 'header':
                out.append(tuple(value.split(': ', 1)))
            elif key == 'session':                                     # a WebLogic session in the cookie VALUE
                place = Cluster.ids.index(member.jvmid) + 1 if member.jvmid in Cluster.ids else 0
                secondary = (Cluster.ids[place:] + Cluster.ids[:1])[0] if len(Cluster.ids) > 1 else 'NONE'
                out.append(('Set-Cookie', f'{value}={SESSION}!{member.jvmid}!{secondary}; path=/; HttpOnly'))
    if asked.get('x-weblogic-force-jvmid', member.jvmid) != member.jvmid:                    # unset, or another's
        out.append(('X-WebLogic-JVMID', member.jvmid))
    if asked.get('x-weblogic-request-clusterinfo') == 'true' and Cluster.text:
        digest = base64.b64encode(hashlib.sha1(Cluster.text.encode()).digest()).decode().rstrip('=')
        out.append(('X-WebLogic-Cluster-Hash', digest))
        if asked.get('x-weblogic-cluster-hash') != digest:
            out.append(('X-WebLogic-Cluster-List', Cluster.text))
    seen = dict(member=member.name, method=method, path=path, fields=fields, body=body.decode('latin1'))
    text = json.dumps(seen).encode()
    return status, out + [('Content-Length', str(len(text)))], text

class HttpTalk(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def setup(self):
        if self.server.tls:
            self.request.settimeout(5)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def log_message(self, *_):
        pass

    def __getattr__(self, name):                                       # any method: do_GET, do_PROPFIND ...
        if name.startswith('do_'):
            return self.serve
        raise AttributeError(name)

    def serve(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        if self.headers.get('Transfer-Encoding'):
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size + 2)[:-2]
            self.rfile.readline()
        status, fields, text = answer(self.server, self.command, self.path, list(self.headers.items()), body)
        socket_key = self.headers.get('Sec-WebSocket-Key')
        if socket_key and self.headers.get('Upgrade', '').lower() == 'websocket':
            accept = hashlib.sha1((socket_key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').encode()).digest()
            status, fields = 101, [('Upgrade', 'websocket'), ('Connection', 'Upgrade'),
                                   ('Sec-WebSocket-Accept', base64.b64encode(accept).decode())]
        self.send_response_only(status)
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()
        if status == 101:                                              # a frame of five letters: what was seen
            self.close_connection = True
            text = b'\x81\x7e' + len(text).to_bytes(2, 'big') + text if self.rfile.read(2 + 4 + 5) else b''
        self.wfile.write(b'' if self.command == 'HEAD' else text)

class AjpTalk(socketserver.StreamRequestHandler):
    """AJP 1.3, as Tomcat's connector speaks it."""

    def packet(self):
        head = self.rfile.read(4)
        return self.rfile.read(int.from_bytes(head[2:], 'big')) if head[:2] == b'\x12\x34' else b''

    def send(self, data):
        self.wfile.write(b'AB' + len(data).to_bytes(2, 'big') + data)

    def handle(self):
        while data := self.packet():
            if data[0] == 10:                                          # CPing: CPong
                self.send(b'\x09')
            elif data[0] == 2:
                self.forward(io.BytesIO(data[1:]))

    def forward(self, data):
        def number(size=2):
            return int.from_bytes(data.read(size), 'big')

        def string(size=None):
            size = number() if size is None else size
            return data.read(size + 1)[:-1].decode('latin1') if size != 0xffff else ''
        method, _, path, *_ = AJP_METHODS[number(1) - 1], string(), string(), string(), string(), string()
        data.read(3)                                                   # the server's port, whether it was TLS
        fields = []
        for _ in range(number()):
            code = number()
            fields.append((AJP_FIELDS[code - 0xa001] if code > 0xa000 else string(code), string()))
        while (code := number(1)) != 0xff:                             # attributes: 5 is the query
            name, value = string() if code == 10 else code, number() if code == 11 else string()
            path += '?' + value if name == 5 else ''
        size = int(dict((k.lower(), v) for k, v in fields).get('content-length', 0))
        body = self.packet()[2:] if size else b''
        status, out, text = answer(self.server, method, path, fields, body)
        pack = lambda s: len(s).to_bytes(2, 'big') + s.encode() + b'\0'
        self.send(b'\x04' + status.to_bytes(2, 'big') + pack('OK') + len(out).to_bytes(2, 'big')
                  + b''.join(pack(k) + pack(v) for k, v in out))
        if method != 'HEAD':
            self.send(b'\x03' + len(text).to_bytes(2, 'big') + text + b'\0')
        self.send(b'\x05\x01')

class Member(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, name, talk, tls=None):
        super().__init__(('127.0.0.1', 0), talk, bind_and_activate=False)
        self.server_bind()                                             # without a talk: taken, and nobody listens
        self.name, self.tls, self.port = name, tls, self.server_address[1]
        self.jvmid = str(int.from_bytes(hashlib.sha1(name.encode()).digest()[:4], 'big', signed=True))
        if talk:
            self.server_activate()
            threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):                                        # a proxy that left is no news
        pass

def start_members(certs):
    def tls(name, names):
        subprocess.run(f'openssl req -x509 -newkey rsa:2048 -nodes -days 9 -keyout {name}.key -out {name}.crt -subj '
                       f'/CN={names.split(",")[0][4:]} -addext subjectAltName={names}'.split(),
                       cwd=certs, check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certs / f'{name}.crt', certs / f'{name}.key')
        return context
    members = [Member(f'M{i}', HttpTalk) for i in (1, 2, 3, 4)] + [Member(f'A{i}', AjpTalk) for i in (1, 2)]
    members += [Member('S1', HttpTalk, tls('server', 'DNS:localhost,DNS:www.example.com,IP:127.0.0.1')),
                Member('S2', HttpTalk, tls('other', 'DNS:other.example.org')), Member('DEAD', None)]
    return {m.name: m for m in members}

# ---- requests --------------------------------------------------------------------------------------------------

def ask(ports, r, jar, seconds):
    """Sends one request. What came back and, where a member answered, what it saw."""
    host, path, method = r.get('host', 'www.example.com'), r['path'], r.get('method', 'GET')
    cookies = '; '.join(f'{name}={value}' for (name, below), value in jar.items() if path.startswith(below))
    fields = [('Host', host), *r.get('headers', {}).items()] + ([('Cookie', cookies)] if cookies else [])
    if r.get('ws'):
        fields += [('Upgrade', 'websocket'), ('Connection', 'Upgrade'), ('Sec-WebSocket-Version', '13'),
                   ('Sec-WebSocket-Key', 'MDEyMzQ1Njc4OWFiY2RlZg==')]
    if 'body' in r:
        fields.append(('Content-Length', str(len(r['body']))))
    head = f'{method} {path} HTTP/1.1\r\n' + ''.join(f'{name}: {value}\r\n' for name, value in fields) + '\r\n'
    where, source = (r.get('to', '127.0.0.1'), ports['TLSPORT' if r.get('tls') else 'PORT']), r.get('from')
    try:
        with socket.create_connection(where, seconds, (source, 0) if source else None) as s:
            if r.get('tls'):
                s = ssl._create_unverified_context().wrap_socket(s, server_hostname=host.split(':')[0])
            s.sendall((head + r.get('body', '')).encode('latin1'))
            reply = http.client.HTTPResponse(s, method=method)
            reply.begin()
            if reply.status == 101:
                s.sendall(b'\x81\x85\0\0\0\0hello')
                text = reply.fp.read(int.from_bytes(reply.fp.read(4)[2:], 'big'))
            else:
                text = reply.read()
    except Exception as error:
        return {'status': f'no answer ({type(error).__name__})'}
    got = collections.defaultdict(list, status=[reply.status])
    for name, value in reply.getheaders():
        got['resp:' + name.lower()].append(value)
        if name.lower() == 'set-cookie':
            pair, *rest = [part.strip() for part in value.split(';')]
            below = [part[5:] for part in rest if part.lower().startswith('path=')] or ['/']
            jar[pair.split('=')[0], below[0]] = pair.split('=', 1)[1]
            got['cookies'].append('; '.join([pair.split('=')[0]] + rest))
    if text.startswith(b'{"member"'):
        told = json.loads(text)
        for name, value in told.pop('fields') + [('', '')]:
            got['seen:' + name.lower()].append(value)
        got.update({'sent' if name == 'body' else name: [value] for name, value in told.items()})
    else:
        got['body'] = [text.decode('latin1').strip()]
    return {name: ' || '.join(map(str, values)) for name, values in got.items()}

def ask_all(case, ports):
    """Sends all requests. One entry each; the answers to one that is sent several times are drawn together."""
    jars, last, out, end = collections.defaultdict(dict), {}, [], time.monotonic() + 3.5
    for r in case['requests']:
        name, answers = r.get('jar', case.get('jar')), []
        for _ in range(r.get('times', 1)):
            seconds = max(0.05, min(3, end - time.monotonic()))
            answers.append(ask(ports, r, jars[name] if name else {}, seconds))
            answers[-1]['same'] = str(answers[-1].get('member') == last.get(name))     # as the last one of this jar
            last[name] = answers[-1].get('member')
        keys = {key for got in answers for key in got}
        out.append({key: ' + '.join(sorted({got.get(key, '-') for got in answers})) for key in keys})
        out[-1]['share'] = dict(sorted(collections.Counter(got.get('member', '-') for got in answers).items()))
    return out

# ---- Apache and the proxy --------------------------------------------------------------------------------------

def fill(text, names):
    return re.sub(r'@([A-Z]+[1-4]?)@', lambda found: str(names.get(found[1], found[0])), text)

def serve(case, work, names, apache):
    """Lays the case's files out and runs one server through its requests: (observed, logs, why it did not start)."""
    shutil.rmtree(work, ignore_errors=True)
    for folder in ('logs', 'log', 'run'):
        (work / folder).mkdir(parents=True)
    for link, to in {'modules': MODULES, **case.get('links', {})}.items():
        (work / link).parent.mkdir(parents=True, exist_ok=True)
        (work / link).symlink_to(to)
    for file, place in case['files'].items():
        (work / place).parent.mkdir(parents=True, exist_ok=True)
        (work / place).write_bytes(fill(file.read_bytes().decode('latin1'), names).encode('latin1'))
    main, prologue = work / case['main'], work / 'run' / 'prologue.conf'
    modules = ''.join(f'LoadModule {m}_module {MODULES}/mod_{m}.so\n'
                      for m in (LOADED + ' ' + case.get('modules', '')).split())
    prologue.write_text(PROLOGUE.format(work) + modules + f'Include "{main}"\n')
    if not apache and case['imported']:
        made = subprocess.run([PROXY, 'check', '--import', main], capture_output=True, cwd=work,
                              env={**os.environ, **case.get('env', {})})
        if made.returncode:
            return None, None, made.stderr.decode()[:200]
        main = main.with_name('imported.conf')
        main.write_bytes(made.stdout)
    command = [APACHE, '-f', prologue, '-DFOREGROUND'] if apache else [PROXY, 'run', '-c', main]
    with open(work / 'run' / 'output', 'w+') as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=work,
                                  env={**os.environ, **case.get('env', {})}, start_new_session=True)
        try:
            for _ in range(60):
                if server.poll() is not None:
                    lines = (work / 'run' / 'output').read_text().replace(f'{work}/', '').strip().split('\n')
                    first = next((i for i, line in enumerate(lines) if 'error' in line), 0)
                    return None, None, ' '.join(lines[first:first + 1 + apache])[:200]
                with socket.socket() as s:
                    if s.connect_ex(('127.0.0.1', names['PORT'])) == 0:
                        break
                time.sleep(0.05)
            observed = ask_all(case, names)
        finally:
            server.terminate()
            try:
                server.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)                  # it and its children, a group of their own
                server.wait()
    return observed, {f: (work / f).read_text() if (work / f).exists() else '' for f in case.get('logs', [])}, ''

# ---- verdicts --------------------------------------------------------------------------------------------------

def alike(key, want, have):
    if key == 'share' and want and have:
        return all(abs(want.get(m, 0) - have.get(m, 0)) <= max(1, sum(want.values()) // 5) for m in {*want, *have})
    return str(have) in map(str, want) if isinstance(want, list) else str(want) == str(have)

def compared(case, r):
    return (r.get('compare', case.get('compare', 'status member path')).split() + case.get('also', '').split()
            + r.get('also', '').split())

def difference(case, wanted, got, keys):
    for number, (r, want, have) in enumerate(zip(case['requests'], wanted, got), 1):
        for key in keys(case, r):
            if not alike(key, want.get(key), have.get(key)):
                return (f'request {number} {r.get("method", "GET")} {r["path"]}: {key} is {have.get(key)!r}, '
                        f'not {want.get(key)!r}')
    return ''

def judge(case, work, names, verbose):
    people, written = names['members'], [r.get('expect', {}) for r in case['requests']]
    Cluster.ids = [people[m].jvmid for m in case.get('cluster', '').split()]
    Cluster.text = '|'.join(f'{people[m].jvmid}!127.0.0.1!{people[m].port}!-1' for m in case.get('cluster', '').split())
    facts = lambda _, r: list(r.get('expect', {}))
    wanted = logs = None
    if case.get('apache', True):
        wanted, logs, why = serve(case, work, names, apache=True)
        why = why or difference(case, written, wanted, facts) or ('' if all(logs.values()) else f'logs are {logs}')
        if why:
            return 'BAD', 'Apache itself: ' + why
    got, own_logs, why = serve(case, work, names, apache=False)
    for number, r in enumerate(case['requests'] if verbose else []):
        keys = dict.fromkeys(compared(case, r) + facts(case, r))
        one, two = [{k: o[number].get(k) for k in keys} if o else '-' for o in (wanted, got)]
        print(f'    {r.get("method", "GET")} {r["path"]} {r.get("headers", "")}')
        print(f'      Apache {one}\n      proxy  {two}')
    if got is None:
        return 'refused', why
    why = (wanted and difference(case, wanted, got, compared)) or difference(case, written, got, facts)
    in_order = lambda texts: {file: sorted(text.split('\n')) for file, text in (texts or {}).items()}
    if not why and wanted and in_order(logs) != in_order(own_logs):    # workers write side by side
        why = f'logs are {own_logs!r}, not {logs!r}'
    return ('DIFF', why) if why else ('ok', case['why'])

def find_cases(places, names):
    for file in sorted(f for place in map(Path, places) for f in [*place.glob('*.json'), *place.glob('*/case.json')]):
        pair, conf = file.name != 'case.json', file.with_suffix('.conf')
        files = {conf: conf.name} if pair else {f: f.relative_to(file.parent) for f in file.parent.rglob('*')
                                                if f.is_file() and f != file}
        yield {'main': conf.name, **json.loads(fill(file.read_text(), names)), 'files': files,
               'name': file.stem if pair else file.parent.name}

def main():
    parser, here = argparse.ArgumentParser(description=__doc__), Path(__file__).resolve().parent
    parser.add_argument('places', nargs='*', default=[here / 'apache_cases'], help='folders of cases')
    parser.add_argument('--only', default='', help='a regular expression: the names of the cases to run')
    parser.add_argument('--list', action='store_true', help='names and what they are about')
    parser.add_argument('--imported', action='store_true', help='the proxy runs what check --import makes')
    parser.add_argument('-v', action='store_true', help='what was compared')
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix='apache_diff.'))
    try:
        work.chmod(0o755)                                              # Apache's children are www-data
        members = start_members(work)
        with socket.create_server(('127.0.0.1', 0)) as one, socket.create_server(('127.0.0.1', 0)) as two:
            names = {'PORT': one.getsockname()[1], 'TLSPORT': two.getsockname()[1], 'DIR': work / 'case', 'CERTS': work}
        names.update({m.name: m.port for m in members.values()} | {'J' + m.name: m.jvmid for m in members.values()})
        cases = [{**c, 'imported': options.imported} for c in find_cases(options.places, names) if re.search(options.only, c['name'])]
        if options.list:
            return print('\n'.join(f'{c["name"]}: {c["why"]}' for c in cases))
        declined = dict(line.split(': ', 1) for line in (here / 'apache_cases' / 'declined.txt').read_text().splitlines())
        passed = 0
        for case in cases:
            if case['name'] in declined:
                print(f'declined {case["name"]}: {declined[case["name"]]}')
                continue
            for _ in range(2):                                         # once more where Apache itself was late
                verdict, why = judge(case, work / 'case', {**names, 'members': members}, options.v)
                if verdict != 'BAD':
                    break
            passed += verdict == 'ok'
            print(f'{verdict} {case["name"]}: {why}', flush=True)
        failed = len([c for c in cases if c['name'] not in declined]) - passed
        print(f'{passed} passed, {failed} failed')
        return failed > 0
    finally:
        shutil.rmtree(work, ignore_errors=True)

if __name__ == '__main__':
    sys.exit(main())
