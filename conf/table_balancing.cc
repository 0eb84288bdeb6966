// SPDX-License-Identifier: Apache-2.0
// The directives of the proxy about choosing a member: method, health, limits, retries.
#include "conf/directive_table.h"

namespace understudy::conf {

namespace {

constexpr DirectiveSpec kRows[] = {
    {.name = "ProxyHCExpr",
     .contexts = kGlobal | kVirtualHost,
     .argument = Argument::kWords,
     .words_min = 2,
     .words_max = 64,
     .may_repeat = true,
     .description =
         "A name and {EXPRESSION}, for hcexpr=NAME: what a member's answer to a check has "
         "to be. %{REQUEST_STATUS} or hc('body') =~ or !~ /EXPRESSION/, the status -eq "
         "or -ne a number, joined by &&"},
    {.name = "ProxyHCTemplate",
     .contexts = kGlobal | kVirtualHost,
     .argument = Argument::kWords,
     .words_min = 2,
     .words_max = 32,
     .may_repeat = true,
     .description = "A name and parameters such as hcmethod=, which hctemplate=NAME behind a "
                    "member stands for"},
    {.name = "WLLocalIP",
     .aliases = "ProxySourceAddress",
     .contexts = kEverywhere,
     .description = "The address of this machine from which members are connected to; without it "
                    "the kernel chooses"},
    // How new clients are spread.
    {.name = "LoadBalanceMethod",
     .contexts = kEverywhere | kProxySection,
     .argument = Argument::kChoice,
     .default_text = "roundrobin",
     .choices = "roundrobin|leastbusy|randomtwo",
     .named = "weighted=roundrobin byrequests=roundrobin bybusyness=leastbusy",
     .description = "Who gets a new client: each in turn by weight (weighted is the same), the one "
                    "with the fewest requests under way, or the better of two drawn by lot"},
    {.name = "SlowStart",
     .contexts = kEverywhere,
     .argument = Argument::kDuration,
     .default_text = "0s",
     .minimum = "0s",
     .maximum = "1d",
     .description = "How long a member that is new or has come back gets fewer new clients, from a "
                    "tenth of its share to all of it; 0 is off"},

    // Whether a member works.
    {.name = "HealthCheck",
     .contexts = kEverywhere,
     .argument = Argument::kWords,
     .default_text = "off",
     .words_max = 10,
     .description = "off, tcp or http, then path=/ method=GET status=200-399 body=TEXT host=NAME "
                    "interval=2s timeout=1s fall=3 rise=2; a member that fails it is asked last"},
    {.name = "EjectAfterFailures",
     .contexts = kEverywhere,
     .argument = Argument::kInteger,
     .default_text = "5",
     .minimum = "0",
     .maximum = "1000000",
     .description = "Failures in a row (no answer, or 502, 503, 504) until a member gets no new "
                    "clients for EjectTime; 0 is off"},
    {.name = "EjectTime",
     .contexts = kEverywhere,
     .argument = Argument::kDuration,
     .default_text = "30s",
     .minimum = "10ms",
     .maximum = "1d",
     .description = "How long the first ejection lasts; the next ones twice, three times as long"},
    {.name = "MaxEjectTime",
     .contexts = kEverywhere,
     .argument = Argument::kDuration,
     .default_text = "5m",
     .minimum = "10ms",
     .maximum = "1d",
     .description = "How long an ejection lasts at most"},
    {.name = "MaxEjectedPercent",
     .contexts = kEverywhere,
     .argument = Argument::kInteger,
     .default_text = "10",
     .minimum = "0",
     .maximum = "100",
     .description = "Members of a cluster that may be ejected at a time; one always may, the last "
                    "one never"},

    // As Apache's mod_proxy.
    {.name = "ProxyPreserveHost",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "On",
     .description = "Off: the Host field that a member gets is its own name and port. Unsaid, that "
                    "is so for members that ProxyPass names, as in Apache"},
    {.name = "ProxyTimeout",
     .contexts = kEverywhere,
     .argument = Argument::kDuration,
     .minimum = "100ms",
     .maximum = "2147483647s",
     .description = "Apache's IOTimeoutSecs, which goes before it"},

    // Too many at a time.
    {.name = "QueueTimeout",
     .contexts = kEverywhere,
     .argument = Argument::kDuration,
     .default_text = "10s",
     .minimum = "10ms",
     .maximum = "1h",
     .description = "How long a request waits for a connection when MaxConnectionsPerMember are in "
                    "use, before it gets 503"},
    {.name = "StickyOnly",
     .contexts = kEverywhere,
     .argument = Argument::kFlag,
     .default_text = "Off",
     .description = "On: a request whose session is at one member only gets 503 when that member "
                    "cannot be asked, and goes to no other one; Apache's nofailover"},
    {.name = "ResendLimit",
     .contexts = kEverywhere,
     .argument = Argument::kInteger,
     .default_text = "1",
     .minimum = "0",
     .maximum = "100",
     .description = "How often a request is sent again whose connection broke after a byte of it "
                    "had been sent, whatever else allows it; after two members have broken off on "
                    "it, it never is"},
    {.name = "RetryBudget",
     .contexts = kEverywhere,
     .argument = Argument::kInteger,
     .default_text = "20",
     .minimum = "0",
     .maximum = "100",
     .description =
         "Percent of the requests under way that may be requests sent again; a first "
         "re-send because a member broke off, is dead or is in no cluster does not count"},
    {.name = "RetryBudgetFloor",
     .contexts = kEverywhere,
     .argument = Argument::kInteger,
     .default_text = "3",
     .minimum = "0",
     .maximum = "1000000",
     .description = "Requests sent again that RetryBudget always allows, of one worker"},
    {.name = "HedgeDelay",
     .contexts = kEverywhere,
     .argument = Argument::kDuration,
     .default_text = "0s",
     .minimum = "0s",
     .maximum = "1h",
     .description = "How long a GET or HEAD that names no session waits for the answer to begin "
                    "before a second member is asked as well, within RetryBudget; the first answer "
                    "wins. 0s: never"},

    // mod_jk's.
    {.name = "JkWorkersFile",
     .argument = Argument::kPath,
     .description = "workers.properties: members that speak AJP, and what balances between them"},
    {.name = "JkWorkerProperty",
     .argument = Argument::kText,
     .may_repeat = true,
     .description = "One line of such a file, e.g. worker.tomcat.port=8009"},
    {.name = "JkMount",
     .contexts = kEverywhere,
     .argument = Argument::kWords,
     .words_max = 2,
     .may_repeat = true,
     .description = "Requests for this pattern (/shop/*, /*.jsp, /shop|/*) go to this worker; "
                    "inside a <Location> the worker alone. Of several the longest pattern counts"},
    {.name = "JkUnMount",
     .contexts = kGlobal | kVirtualHost,
     .argument = Argument::kWords,
     .words_min = 2,
     .words_max = 2,
     .may_repeat = true,
     .description = "Requests for this pattern do not, whatever JkMount says"},
    {.name = "JkMountFile",
     .contexts = kGlobal | kVirtualHost,
     .argument = Argument::kPath,
     .description = "uriworkermap.properties: lines of PATTERN=WORKER, with '!' in front for "
                    "JkUnMount"},
    {.name = "JkMountCopy",
     .contexts = kGlobal | kVirtualHost,
     .argument = Argument::kChoice,
     .default_text = "Off",
     .choices = "On|Off|All",
     .description = "On in a <VirtualHost>, All outside: what is mounted outside of all hosts "
                    "holds in it too"},
    {.name = "JkOptions",
     .contexts = kGlobal | kVirtualHost,
     .argument = Argument::kWords,
     .words_max = 32,
     .may_repeat = true,
     .description = "DisableReuse, ForwardURICompatUnparsed (as the client sent it); others do "
                    "nothing here, or what is done anyway"},
};

}  // namespace

std::span<const DirectiveSpec> balancing_rows() {
  return kRows;
}

}  // namespace understudy::conf
