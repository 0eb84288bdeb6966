# SPDX-License-Identifier: Apache-2.0
"""The cases. Each gets a site with three members that know each other, and the door's name; it
raises when the promise does not hold. What it returns in brackets is said behind its name."""
import concurrent.futures
import re
import secrets
import time
import urllib.parse

from suite import load, third_server
from suite.site import COOKIE, NAMES, SESSION_BYTES_MAX, wait_until


def set_value(browser, name, value):
    browser.expect(204, 'POST', '/set?name=' + urllib.parse.quote(name), body=value)


def value_of(browser, name):
    """None: there is no such attribute."""
    response = browser.get('/get?name=' + urllib.parse.quote(name))
    assert response.status in (200, 404), f'{response.status}: {response.body[:200]!r}'
    return response.body if response.status == 200 else None


def at_a_member(site):
    """A browser with a session, that asks its primary itself, and the primary's name."""
    first = site.browser()
    member = first.count()['member']
    return first.clone(site.members[member].http), member


def creates(site, _):
    """create: the first write makes a session and sets the cookie"""
    browser = site.browser()
    said = browser.count()
    assert re.fullmatch(r'[\w-]{22}', said['session']), said
    assert said['count'] == 1 and said['member'] in NAMES and said['replayed'] is False, said
    assert browser.cookie, 'no cookie was set'
    again = browser.count()
    assert again['session'] == said['session'] and again['count'] == 2, again


def reads(site, _):
    """read: what was never written is not there, and reading leaves no session"""
    browser = site.browser()
    assert browser.expect(200, 'GET', '/value').json()['count'] == 0
    assert value_of(browser, 'nothing') is None
    assert browser.expect(200, 'GET', '/whoami').json() == {'user': None}
    assert not browser.cookie, 'a session was begun for a reader'


def writes(site, _):
    """write: attributes are set, replaced and removed one by one"""
    browser = site.browser()
    set_value(browser, 'one', b'1')
    set_value(browser, 'two', b'2')
    set_value(browser, 'one', b'11')
    assert value_of(browser, 'one') == b'11' and value_of(browser, 'two') == b'2'
    browser.expect(204, 'POST', '/remove?name=one', body=b'')
    assert value_of(browser, 'one') is None and value_of(browser, 'two') == b'2'


def keeps_bytes(site, _):
    """binary: all 256 bytes, an empty value, and a name in UTF-8 come back as they were"""
    browser = site.browser()
    for value in (bytes(range(256)), b'', b'\0', b'\xff\xfe\r\n\r\n', secrets.token_bytes(50000)):
        set_value(browser, 'value', value)
        assert value_of(browser, 'value') == value, f'{value[:20]!r} has changed'
    set_value(browser, 'Größe €', b'x')
    assert value_of(browser, 'Größe €') == b'x'


def runs_exclusive_requests_alone(site, _):
    """exclusive: concurrent read-modify-writes of one session lose nothing"""
    browser = site.browser()
    browser.count()
    letters = 'abcdefghijklmnopqrst'

    def append(letter):
        own = browser.clone()
        return own.expect(200, 'POST', '/append?text=' + letter, body=b'').body

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        logs = list(pool.map(append, letters))
    log = value_of(browser, 'log').decode()
    assert sorted(log) == sorted(letters), f'the log is {log}'
    assert sorted(len(one) for one in logs) == list(range(1, len(letters) + 1)), logs


def logs_in(site, _):
    """login: a new id with the same content"""
    browser = site.browser()
    before = browser.count()
    said = browser.expect(200, 'POST', '/login?user=ann', body=b'').json()
    assert said['user'] == 'ann' and said['session'] != before['session'], said
    assert browser.expect(200, 'GET', '/whoami').json() == {'user': 'ann'}
    after = browser.count()
    assert after['session'] == said['session'] and after['count'] == 2, after


def logs_out(site, _):
    """logout: the session is over, for its last cookie and for that of before the login"""
    browser = site.browser()
    browser.count()
    old = browser.clone()
    browser.expect(200, 'POST', '/login?user=ann', body=b'')
    late = browser.clone()
    browser.expect(204, 'POST', '/logout', body=b'')
    for cookie in (browser, late, old):
        assert cookie.expect(200, 'GET', '/whoami').json() == {'user': None}
        assert cookie.expect(200, 'GET', '/value').json()['count'] == 0
    assert late.count()['count'] == 1


def fixes_no_session(site, _):
    """fixation: an id of before the login leads to a new session, and only the login tells the new id"""
    browser = site.browser()
    primary = browser.count()['member']
    attacker = browser.clone()
    said = browser.expect(200, 'POST', '/login?user=ann', body=b'').json()
    second = attacker.clone()
    own = second.expect(200, 'POST', '/login?user=mallory', body=b'').json()
    assert own['session'] != said['session'] and second.cookie != browser.cookie, own
    assert browser.expect(200, 'GET', '/whoami').json() == {'user': 'ann'}

    def has_ended():
        response = attacker.clone().expect(200, 'GET', '/whoami')
        assert response.cookie(COOKIE) is None, 'an answer that is not the login\'s has a cookie'
        return response.json() == {'user': None}

    wait_until(has_ended, 'the old id has ended', seconds=5)
    new = attacker.clone().count()
    assert new['count'] == 1 and new['session'] not in (said['session'], own['session']), new
    site.kill(primary)
    assert attacker.clone().expect(200, 'GET', '/whoami').json() == {'user': None}
    assert browser.expect(200, 'GET', '/whoami').json() == {'user': 'ann'}
    assert browser.count()['count'] == 2


def replays(site, _):
    """replay: a request that comes again gets the answer of before and runs once"""
    browser, _ = at_a_member(site)
    again = browser.clone()
    headers = {'Understudy-Request-Id': secrets.token_hex(8)}
    first = browser.expect(200, 'POST', '/count', body=b'', headers=headers).json()
    assert first['count'] == 2 and first['replayed'] is False, first
    second = again.expect(200, 'POST', '/count', body=b'', headers=headers).json()
    assert (second['count'], second['session']) == (2, first['session']), second
    assert browser.expect(200, 'GET', '/value').json()['count'] == 2


def does_not_write_twice(site, _):
    """replay: one whose answer was not kept runs its handler again and changes nothing"""
    browser, _ = at_a_member(site)
    again = browser.clone()
    headers = {'Understudy-Request-Id': secrets.token_hex(8)}
    browser.expect(200, 'POST', '/append?text=x', body=b'', headers=headers)
    again.expect(200, 'POST', '/append?text=x', body=b'', headers=headers)
    assert value_of(browser, 'log') == b'x'


def survives_the_primary(site, _):
    """kill -9 of the primary: the next request has the session, with all its bytes"""
    browser = site.browser()
    value = bytes(range(256)) * 40
    set_value(browser, 'value', value)
    browser.expect(200, 'POST', '/login?user=ann', body=b'')
    primary = browser.count()['member']
    site.kill(primary)
    assert value_of(browser, 'value') == value
    assert browser.expect(200, 'GET', '/whoami').json() == {'user': 'ann'}
    after = browser.count()
    assert after['count'] == 2 and after['member'] != primary, after


def loses_nothing_in_a_kill(site, _):
    """kill -9 under load: every acknowledged count is there, none twice, no request fails"""
    with load.Load(site) as clicks:
        clicks.wait_for(100)
        site.kill('a')
        clicks.wait_for(clicks.answered + 200)
    clicks.check()
    return f'({clicks.answered} requests, longest {clicks.longest * 1000:.0f} ms)'


def loses_nothing_in_kills_in_a_row(site, _):
    """kill -9 under load of one after the other, each as soon as all are protected again: as with one"""
    answered = 0
    for name in ('b', 'c', 'a'):
        site.heal()
        with load.Load(site) as clicks:
            clicks.wait_for(100)
            site.kill(name)
            clicks.wait_for(clicks.answered + 100)
        clicks.check()
        answered += clicks.answered
    return f'({answered} requests)'


def drains(site, _):
    """drain by SIGTERM under load: no request fails, sessions go on elsewhere, exit code 0"""
    with load.Load(site) as clicks:
        clicks.wait_for(100)
        code = site.terminate('b')
        clicks.wait_for(clicks.answered + 100)
    assert code == 0, f'exit code {code}'
    clicks.check()
    return f'({clicks.answered} requests, longest {clicks.longest * 1000:.0f} ms)'


def refuses_what_is_too_large(site, _):
    """too large: refused with a text that says so, and the session is as before"""
    browser = site.browser()
    browser.count()
    refused = browser.expect(500, 'POST', f'/size?bytes={SESSION_BYTES_MAX + 1}', body=b'')
    assert len(refused.body) > 20, f'the text is {refused.body!r}'
    assert value_of(browser, 'big') is None
    browser.expect(204, 'POST', f'/size?bytes={SESSION_BYTES_MAX // 2}', body=b'')
    assert len(value_of(browser, 'big')) == SESSION_BYTES_MAX // 2
    assert browser.count()['count'] == 2


def serves_many_at_once(site, _):
    """concurrent requests: each of 12 sessions sees its own values alone"""
    def visit(number):
        browser = site.browser()
        for turn in range(15):
            value = f'{number}.{turn}'.encode()
            set_value(browser, 'mine', value)
            got = value_of(browser, 'mine')
            assert got == value, f'{got!r}, not {value!r}'
        return browser.count()['count']

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        assert list(pool.map(visit, range(12))) == [1] * 12


def survives_an_exception(site, _):
    """thrown exception: 500, nothing is committed, and the member goes on"""
    browser, member = at_a_member(site)
    browser.expect(500, 'GET', '/throw')
    assert value_of(browser, 'thrown') is None
    assert browser.count()['count'] == 2
    new = site.browser(member)
    new.expect(500, 'GET', '/throw')
    assert site.members[member].is_running


def is_told_apart_after_fork(site, _):
    """fork: a call in the child is refused, and the parent's node does not notice"""
    browser = site.browser()
    before = browser.count()
    response = browser.post('/fork')
    assert response.status in (200, 501), f'{response.status}: {response.body[:200]!r}'
    assert response.status == 501 or response.body.strip() == b'forked', response.body
    after = browser.count()
    assert after['count'] == 2 and after['member'] == before['member'], after
    return '(it cannot fork)' if response.status == 501 else ''


def serves_others_meanwhile(site, _):
    """slow handlers: others at the same member are answered meanwhile"""
    browser, member = at_a_member(site)
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        begin = time.monotonic()
        slow = [pool.submit(browser.clone().expect, 200, 'GET', '/slow?ms=2500') for _ in range(3)]
        requests = '/statistics'
        wait_until(lambda: site.browser(member).get(requests).status == 200, 'it answers', 2.0)
        other = site.browser(member)
        for turn in range(10):
            assert other.count()['count'] == turn + 1
        quick = time.monotonic() - begin
        assert not any(one.done() for one in slow), f'the quick ones took {quick:.2f} s'
        for one in slow:
            one.result()
    assert time.monotonic() - begin >= 2.4


def serves_without_a_proxy(site, _):
    """client without proxy: its primary serves it, and a member without its session says so"""
    browser, member = at_a_member(site)
    set_value(browser, 'name', b'x')
    assert value_of(browser, 'name') == b'x'
    for name in NAMES:
        response = browser.clone(site.members[name].http).get('/get?name=name')
        if name == member:
            assert response.status == 200
        else:
            assert response.status in (200, 421, 503), response.status
            assert response.status != 200 or response.body == b'x', response.body
    through = browser.clone(site.proxy_port)
    assert value_of(through, 'name') == b'x', f'{COOKIE} is the same through the proxy'


ALL = (creates, reads, writes, keeps_bytes, runs_exclusive_requests_alone, logs_in, logs_out,
       replays, does_not_write_twice, refuses_what_is_too_large, serves_many_at_once,
       survives_an_exception, is_told_apart_after_fork, serves_others_meanwhile,
       serves_without_a_proxy, fixes_no_session, survives_the_primary, loses_nothing_in_a_kill,
       loses_nothing_in_kills_in_a_row, drains, *third_server.ALL)
