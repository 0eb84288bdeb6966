// SPDX-License-Identifier: Apache-2.0
// The contract application in C11, on libunderstudy.so; tests/contract/README.md says what it
// answers. contract_c CONFIG
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "http.h"

enum { kFieldBytesMax = 4096 };

static understudy_node* node;
static const char* member_name;

/* Requests that are being served, so that the process does not end before their answers left. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t is_changed = PTHREAD_COND_INITIALIZER;
static long under_way;

static const char* const kJson = "application/json";
static const char* const kPlain = "text/plain; charset=utf-8";

/* What a handler answers. `body` is freed when it has been sent. */
struct answer {
  int status;
  const char* type;
  understudy_text body;
  int is_failed; /* the handler failed: its session is dropped */
};

static understudy_text text(const char* bytes) {
  understudy_text out = {bytes, strlen(bytes)};
  return out;
}

static int is(understudy_text one, const char* other) {
  return one.size == strlen(other) && memcmp(one.data, other, one.size) == 0;
}

static void say(struct answer* answer, const char* type, const char* bytes, size_t size) {
  char* const copy = malloc(size + 1);
  if (!copy) abort();
  memcpy(copy, bytes, size);
  answer->status = 200;
  answer->type = type;
  answer->body.data = copy;
  answer->body.size = size;
}

static long count_of(const understudy_session* session) {
  understudy_text value;
  char digits[24] = "0";
  if (understudy_session_get(session, text("count"), &value) && value.size < sizeof digits) {
    memcpy(digits, value.data, value.size);
    digits[value.size] = '\0';
  }
  return strtol(digits, NULL, 10);
}

static size_t describe(char* out, size_t size, const understudy_session* session, long count,
                       int is_replayed) {
  char id[23];
  understudy_session_id(session, id, sizeof id);
  return (size_t)snprintf(out, size,
                          "{\"session\":\"%s\",\"count\":%ld,\"member\":\"%s\",\"replayed\":%s}\n",
                          id, count, member_name, is_replayed ? "true" : "false");
}

static void count(understudy_session* session, struct answer* answer) {
  const int is_replayed = understudy_session_is_replayed(session);
  const long now = count_of(session) + (is_replayed ? 0 : 1);
  understudy_header type = {text("Content-Type"), text(kJson)};
  understudy_text stored;
  char line[512];
  snprintf(line, sizeof line, "%ld", now);
  understudy_session_set(session, text("count"), text(line));
  stored.size = describe(line, sizeof line, session, now, 1);
  stored.data = line;
  understudy_session_store_response(session, 200, &type, 1, stored);
  say(answer, kJson, line, describe(line, sizeof line, session, now, is_replayed));
}

static void append(understudy_session* session, const char* more, size_t size,
                   struct answer* answer) {
  understudy_text log = {NULL, 0};
  char* whole;
  understudy_session_get(session, text("log"), &log);
  whole = malloc(log.size + size + 1);
  if (!whole) abort();
  if (log.size > 0) memcpy(whole, log.data, log.size);
  memcpy(whole + log.size, more, size);
  log.data = whole;
  log.size += size;
  understudy_session_set(session, text("log"), log);
  answer->status = 200;
  answer->type = kPlain;
  answer->body = log;
}

static void set_size(understudy_session* session, size_t bytes) {
  understudy_text value = {NULL, bytes};
  char* const big = malloc(bytes + 1);
  if (!big) abort();
  memset(big, 'x', bytes);
  value.data = big;
  understudy_session_set(session, text("big"), value);
  free(big);
}

/* In a child of fork a call with the inherited node says so, and nothing breaks. */
static void fork_child(struct answer* answer) {
  int status = 1;
  const pid_t child = fork();
  if (child == 0) {
    understudy_request request;
    understudy_session* session;
    understudy_reply* reply;
    memset(&request, 0, sizeof request);
    request.struct_size = sizeof request;
    request.method = text("GET");
    request.target = text("/");
    _exit(understudy_begin(node, &request, &session, &reply) == UNDERSTUDY_FORKED ? 0 : 1);
  }
  if (child > 0 && waitpid(child, &status, 0) == child && status == 0) {
    say(answer, kPlain, "forked", 6);
  } else {
    answer->status = 500;
  }
}

static void login(understudy_session* session, const char* user, struct answer* answer) {
  char line[kFieldBytesMax + 64];
  char id[23];
  if (!understudy_session_is_replayed(session)) understudy_session_rotate_id(session);
  understudy_session_set(session, text("user"), text(user));
  understudy_session_id(session, id, sizeof id);
  snprintf(line, sizeof line, "{\"session\":\"%s\",\"user\":\"%s\"}\n", id, user);
  say(answer, kJson, line, strlen(line));
}

static void who_am_i(const understudy_session* session, struct answer* answer) {
  char line[kFieldBytesMax + 64];
  understudy_text user;
  if (understudy_session_get(session, text("user"), &user)) {
    snprintf(line, sizeof line, "{\"user\":\"%.*s\"}\n", (int)user.size, user.data);
  } else {
    snprintf(line, sizeof line, "{\"user\":null}\n");
  }
  say(answer, kJson, line, strlen(line));
}

/* The handlers with a session; those that say nothing answer 204. */
static void handle(understudy_session* session, const struct request* request,
                   struct answer* answer) {
  const understudy_text path = request->path;
  understudy_text name;
  understudy_text value;
  char line[512];
  char field[kFieldBytesMax];
  name.size = http_field(request, "name", field, sizeof field);
  name.data = field;
  answer->status = 204;
  if (is(path, "/set")) {
    understudy_session_set(session, name, request->body);
  } else if (is(path, "/get")) {
    if (understudy_session_get(session, name, &value)) {
      say(answer, "application/octet-stream", value.data, value.size);
    } else {
      answer->status = 404;
    }
  } else if (is(path, "/remove")) {
    understudy_session_remove(session, name);
  } else if (is(path, "/count")) {
    count(session, answer);
  } else if (is(path, "/value")) {
    say(answer, kJson, line, describe(line, sizeof line, session, count_of(session), 0));
  } else if (is(path, "/login")) {
    http_field(request, "user", field, sizeof field);
    login(session, field, answer);
  } else if (is(path, "/whoami")) {
    who_am_i(session, answer);
  } else if (is(path, "/logout")) {
    understudy_session_invalidate(session);
  } else if (is(path, "/append")) {
    append(session, field, http_field(request, "text", field, sizeof field), answer);
  } else if (is(path, "/size")) {
    http_field(request, "bytes", field, sizeof field);
    set_size(session, strtoul(field, NULL, 10));
  } else if (is(path, "/throw")) {
    understudy_session_set(session, text("thrown"), text("1"));
    answer->is_failed = 1; /* as far as C can throw */
  } else if (is(path, "/slow")) {
    struct timespec wait;
    long ms;
    http_field(request, "ms", field, sizeof field);
    ms = strtol(field, NULL, 10);
    wait.tv_sec = ms / 1000;
    wait.tv_nsec = ms % 1000 * 1000000;
    nanosleep(&wait, NULL);
    say(answer, kPlain, "slow\n", 5);
  } else if (is(path, "/fork")) {
    fork_child(answer);
  } else {
    answer->status = 404;
  }
}

/* What has no session: the member itself. 0: it is none of these. */
static int handle_member(const struct request* request, struct answer* answer) {
  static const char* const kWords[] = {"joining", "joined", "protected", "leaving"};
  if (is(request->path, "/ready")) {
    const understudy_readiness now = understudy_node_readiness(node);
    say(answer, kPlain, kWords[now], strlen(kWords[now]));
    if (now != UNDERSTUDY_PROTECTED) answer->status = 503;
    return 1;
  }
  if (is(request->path, "/statistics")) {
    understudy_statistics now;
    char line[512];
    now.struct_size = sizeof now;
    if (understudy_node_statistics(node, &now) != UNDERSTUDY_OK) return 0;
    snprintf(line, sizeof line,
             "{\"requests\":%llu,\"commits\":%llu,\"replays\":%llu,\"sessions_primary\":%llu,"
             "\"sessions_secondary\":%llu,\"members_alive\":%llu}\n",
             (unsigned long long)now.requests, (unsigned long long)now.commits,
             (unsigned long long)now.replays, (unsigned long long)now.sessions_primary,
             (unsigned long long)now.sessions_secondary, (unsigned long long)now.members_alive);
    say(answer, kJson, line, strlen(line));
    return 1;
  }
  return 0;
}

/* The answer, or the reply's in its place. */
static int send_answer(int fd, const struct answer* answer, const understudy_reply* reply) {
  const int status = understudy_reply_status(reply);
  if (status != 0) return http_send(fd, status, NULL, understudy_reply_body(reply), reply);
  return http_send(fd, answer->status, answer->type, answer->body, reply);
}

static void count_under_way(long change) {
  pthread_mutex_lock(&mutex);
  under_way += change;
  pthread_cond_broadcast(&is_changed);
  pthread_mutex_unlock(&mutex);
}

static int answer_request(int fd, struct request* request) {
  struct answer answer = {500, NULL, {NULL, 0}, 0};
  understudy_session* session = NULL;
  understudy_reply* reply = NULL;
  understudy_code code = UNDERSTUDY_OK;
  int is_sent;
  request->of_sdk.can_relay = 1;
  request->of_sdk.body = request->body;
  request->of_sdk.is_exclusive = is(request->path, "/count") || is(request->path, "/append");
  if (handle_member(request, &answer)) {
    code = understudy_headers_for(node, &request->of_sdk, &reply);
  } else {
    code = understudy_begin(node, &request->of_sdk, &session, &reply);
    if (session) handle(session, request, &answer);
    if (session && answer.is_failed) {
      answer.status = 500;
      understudy_session_drop(session);
      code = understudy_headers_for(node, &request->of_sdk, &reply);
    } else if (session) {
      code = understudy_finish(session, &reply);
    }
  }
  is_sent = code == UNDERSTUDY_OK && send_answer(fd, &answer, reply);
  understudy_reply_free(reply);
  free((char*)answer.body.data);
  return is_sent;
}

static int serve(int fd, struct request* request) {
  int is_open;
  count_under_way(1);
  is_open = answer_request(fd, request);
  count_under_way(-1);
  return is_open;
}

int main(int argc, char** argv) {
  understudy_options* options;
  char message[4096] = "";
  sigset_t signals;
  int signal_number;
  if (argc != 2) return fputs("usage: contract_c CONFIG\n", stderr), 2;
  /* Before there are threads, so that all of them leave it to sigwait. */
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);
  if (understudy_options_load(argv[1], &options, message, sizeof message) != UNDERSTUDY_OK ||
      understudy_node_open(options, &node, message, sizeof message) != UNDERSTUDY_OK) {
    return fprintf(stderr, "contract_c: %s\n", message), 1;
  }
  member_name = understudy_options_member_name(options);
  if (!http_listen(understudy_options_listen(options), &serve)) {
    return fprintf(stderr, "contract_c: cannot listen on %s\n", understudy_options_listen(options)),
           1;
  }
  sigwait(&signals, &signal_number);
  understudy_node_drain(node);
  pthread_mutex_lock(&mutex);
  while (under_way > 0) pthread_cond_wait(&is_changed, &mutex);
  /* Connections may still be open: the process ends with its node. */
  _exit(0);
}
