# SPDX-License-Identifier: Apache-2.0
"""The cases of a balancer without stickiness: any member is asked, and the one that serves the
session answers (PROTOCOL 1.4). Doors that do not relay yet say 421."""
import secrets

from suite.balancer import CLIENTS, Balancer, Counting
from suite.site import COOKIE, NAMES

RELAYS = ('cpp', 'httplib', 'beast', 'c')


def relays(site, door):
    """third server: it answers for the member that serves the session, or says 421"""
    browser = site.browser()
    first = browser.count()
    primary = first['member']
    thirds = [browser.clone(site.members[name].http) for name in NAMES if name != primary]
    if door not in RELAYS:
        for third in thirds:
            assert third.get('/value').status == 421
        return '(421: this door does not relay)'
    value = bytes(range(256)) * 800
    for turn, third in enumerate(thirds):
        said = third.count()
        assert (said['session'], said['member']) == (first['session'], primary), said
        assert said['count'] == turn + 2, said
        third.expect(204, 'POST', '/set?name=value', body=value)
        answer = third.expect(200, 'GET', '/get?name=value')
        assert answer.body == value, f'{len(answer.body)} bytes, not {len(value)}'
        told = [name for name, _ in answer.headers if name.lower().startswith('understudy-')]
        assert not told, told
        third.expect(500, 'GET', '/throw')
        third.expect(200, 'POST', '/login?user=ann', body=b'')
        first['session'] = third.expect(200, 'GET', '/value').json()['session']
        for other in thirds:
            other.cookie = third.cookie
    thirds[0].expect(204, 'POST', '/logout', body=b'')
    assert thirds[1].expect(200, 'GET', '/whoami').json() == {'user': None}
    return ''


def is_not_deceived(site, door):
    """third server: a client that calls its request relayed, or itself our proxy, gets 421"""
    browser = site.browser()
    primary = browser.count()['member']
    mark = f'{"0" * 16}.AAAAAA.1{"A" * 16}'
    for name in NAMES:
        asked = browser.clone(site.members[name].http)
        assert asked.get('/value', headers={'Understudy-Relayed': mark}).status == 421, name
        seen = {'Understudy-View-Seen': secrets.token_hex(8)}
        status = asked.get('/value', headers=seen).status
        assert status == (200 if name == primary else 421), f'{name}: {status}'


def serves_behind_a_round_robin(site, door):
    """any balancer: round robin and kill -9 under load: nothing acknowledged is lost or doubled"""
    if door not in RELAYS:
        return '(this door does not relay)'
    with Balancer(member.http for member in site.members.values()) as balancer:
        first = site.browser().clone(balancer.port)
        clients = [first.clone() for _ in range(CLIENTS)]
        with Counting(clients) as counting:
            counting.wait_for(150)
            site.kill('a')
            counting.wait_for(counting.answered + 200)
        counting.check()
        failed = counting.failed
        assert failed <= 10 * CLIENTS, f'{failed} requests failed'
    assert all(client.cookie for client in clients), COOKIE
    return f'({counting.answered} requests, {failed} failed in the kill)'


ALL = (relays, is_not_deceived, serves_behind_a_round_robin)
