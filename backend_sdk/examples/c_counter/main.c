// SPDX-License-Identifier: Apache-2.0
// c_counter: a member of a cluster in C, with an HTTP server of its own: a thread for each
// connection, which waits inside understudy_begin and understudy_finish. GET and POST /count add
// one to the session's counter, GET /value reads it, GET /metrics is about the member. Understands
// what a proxy sends it, and no more: heads of 16 KiB, bodies by Content-Length.
//
//   c_counter -c a.conf
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "understudy/understudy.h"

enum { kHeadBytesMax = 16384, kHeadersMax = 100, kAnswerBytesMax = 65536 };

static understudy_node* node;
static const char* member_name;

struct connection {
  int fd;
  size_t size; /* of what was read and not used */
  char bytes[kHeadBytesMax];
};

static understudy_text text(const char* bytes) {
  understudy_text out = {bytes, strlen(bytes)};
  return out;
}

/* Reads until the empty line; the head's size, or 0 at the end of the connection. */
static size_t read_head(struct connection* its) {
  for (;;) {
    size_t at;
    ssize_t got;
    for (at = 0; at + 4 <= its->size; ++at) {
      if (memcmp(its->bytes + at, "\r\n\r\n", 4) == 0) return at + 4;
    }
    if (its->size == sizeof its->bytes) return 0;
    got = read(its->fd, its->bytes + its->size, sizeof its->bytes - its->size);
    if (got <= 0) return 0;
    its->size += (size_t)got;
  }
}

/* What is behind the used bytes moves to the front; a body that is not here is read and forgotten.
 */
static int forget(struct connection* its, size_t head_bytes, size_t body_bytes) {
  size_t here = its->size - head_bytes;
  if (here >= body_bytes) {
    memmove(its->bytes, its->bytes + head_bytes + body_bytes, here - body_bytes);
    its->size = here - body_bytes;
    return 1;
  }
  body_bytes -= here;
  its->size = 0;
  while (body_bytes > 0) {
    char nowhere[4096];
    ssize_t got = read(its->fd, nowhere, body_bytes < sizeof nowhere ? body_bytes : sizeof nowhere);
    if (got <= 0) return 0;
    body_bytes -= (size_t)got;
  }
  return 1;
}

/* Takes the head apart in place; 0 when it is none. */
static int parse(struct connection* its, size_t head_bytes, understudy_request* request,
                 understudy_header* headers, size_t* body_bytes) {
  char* line = its->bytes;
  char* const end = its->bytes + head_bytes - 2;
  char* const line_end = memchr(line, '\r', head_bytes);
  char* const first = memchr(line, ' ', (size_t)(line_end - line));
  char* const second = first ? memchr(first + 1, ' ', (size_t)(line_end - first - 1)) : NULL;
  if (!second) return 0;
  memset(request, 0, sizeof *request);
  request->struct_size = sizeof *request;
  request->method.data = line;
  request->method.size = (size_t)(first - line);
  request->target.data = first + 1;
  request->target.size = (size_t)(second - first - 1);
  request->headers = headers;
  *body_bytes = 0;
  for (line = line_end + 2; line < end && request->header_count < kHeadersMax;) {
    char* const stop = memchr(line, '\r', (size_t)(end - line) + 1);
    char* const colon = stop ? memchr(line, ':', (size_t)(stop - line)) : NULL;
    char* value = colon ? colon + 1 : NULL;
    understudy_header* header = headers + request->header_count++;
    if (!value) return 0;
    while (value < stop && (*value == ' ' || *value == '\t')) ++value;
    header->name.data = line;
    header->name.size = (size_t)(colon - line);
    header->value.data = value;
    header->value.size = (size_t)(stop - value);
    if (header->name.size == 14 && strncasecmp(line, "content-length", 14) == 0) {
      *body_bytes = strtoul(value, NULL, 10);
    }
    line = stop + 2;
  }
  return 1;
}

static int send_all(int fd, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return 0;
    bytes += sent;
    size -= (size_t)sent;
  }
  return 1;
}

/* The handler's answer, or in its place the reply's; in both cases with the reply's headers. */
static int answer(int fd, const understudy_reply* reply, const char* type, understudy_text body) {
  static const char* const kFormat = "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n";
  const int status = understudy_reply_status(reply);
  char head[kHeadBytesMax];
  understudy_header header;
  size_t i;
  size_t size;
  if (status != 0) body = understudy_reply_body(reply);
  size = (size_t)snprintf(head, sizeof head, kFormat, status ? status : 200,
                          status ? "See Body" : "OK", body.size);
  if (status == 0) {
    size += (size_t)snprintf(head + size, sizeof head - size, "Content-Type: %s\r\n", type);
  }
  for (i = 0; understudy_reply_header(reply, i, &header); ++i) {
    const size_t needed = header.name.size + header.value.size + 4;
    if (size + needed + 2 > sizeof head) return 0;
    memcpy(head + size, header.name.data, header.name.size);
    memcpy(head + size + header.name.size, ": ", 2);
    memcpy(head + size + header.name.size + 2, header.value.data, header.value.size);
    memcpy(head + size + needed - 2, "\r\n", 2);
    size += needed;
  }
  memcpy(head + size, "\r\n", 2);
  return send_all(fd, head, size + 2) && send_all(fd, body.data, body.size);
}

static int is(understudy_text one, const char* other) {
  return one.size == strlen(other) && memcmp(one.data, other, one.size) == 0;
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

static void describe(char* out, size_t size, const char* id, long count, int is_replayed) {
  snprintf(out, size, "{\"session\":\"%s\",\"count\":%ld,\"member\":\"%s\",\"replayed\":%s}\n",
           count > 0 ? id : "", count, member_name, is_replayed ? "true" : "false");
}

/* One request with a session. 0: the connection ends. */
static int serve_session(int fd, understudy_request* request) {
  const int counts = is(request->target, "/count");
  understudy_session* session;
  understudy_reply* reply;
  char body[512] = "";
  int ok;
  request->is_exclusive = counts;
  if (understudy_begin(node, request, &session, &reply) != UNDERSTUDY_OK) return 0;
  if (session) {
    char id[23];
    char number[24];
    const int is_replayed = understudy_session_is_replayed(session);
    const long count = count_of(session) + (counts && !is_replayed ? 1 : 0);
    understudy_session_id(session, id, sizeof id);
    if (counts) {
      understudy_header type;
      type.name = text("Content-Type");
      type.value = text("application/json");
      snprintf(number, sizeof number, "%ld", count);
      understudy_session_set(session, text("count"), text(number));
      describe(body, sizeof body, id, count, 1);
      understudy_session_store_response(session, 200, &type, 1, text(body));
    }
    describe(body, sizeof body, id, count, counts && is_replayed);
    if (understudy_finish(session, &reply) != UNDERSTUDY_OK) return 0;
  }
  ok = answer(fd, reply, "application/json", text(body));
  understudy_reply_free(reply);
  return ok;
}

static int serve_metrics(int fd, const understudy_request* request) {
  char* const metrics = malloc(kAnswerBytesMax);
  understudy_text body;
  understudy_reply* reply;
  int ok;
  if (!metrics) return 0;
  body.data = metrics;
  body.size = understudy_node_metrics(node, metrics, kAnswerBytesMax);
  if (body.size > kAnswerBytesMax) body.size = kAnswerBytesMax;
  ok = understudy_headers_for(node, request, &reply) == UNDERSTUDY_OK;
  if (ok) {
    ok = answer(fd, reply, "text/plain; version=0.0.4", body);
    understudy_reply_free(reply);
  }
  free(metrics);
  return ok;
}

static void* serve_connection(void* its_connection) {
  struct connection* const its = its_connection;
  understudy_header headers[kHeadersMax];
  understudy_request request;
  size_t head_bytes;
  size_t body_bytes;
  while ((head_bytes = read_head(its)) != 0) {
    if (!parse(its, head_bytes, &request, headers, &body_bytes)) break;
    if (is(request.target, "/metrics")) {
      if (!serve_metrics(its->fd, &request)) break;
    } else if (!serve_session(its->fd, &request)) {
      break;
    }
    if (!forget(its, head_bytes, body_bytes)) break;
  }
  close(its->fd);
  free(its);
  return NULL;
}

static int listen_on(const char* address) {
  const char* const colon = strrchr(address, ':');
  struct sockaddr_in here;
  char host[64] = "";
  int fd;
  const int on = 1;
  if (!colon || (size_t)(colon - address) >= sizeof host) return -1;
  memcpy(host, address, (size_t)(colon - address));
  memset(&here, 0, sizeof here);
  here.sin_family = AF_INET;
  here.sin_port = htons((unsigned short)strtoul(colon + 1, NULL, 10));
  if (inet_pton(AF_INET, host, &here.sin_addr) != 1) return -1;
  fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (const struct sockaddr*)&here, sizeof here) == 0 && listen(fd, 511) == 0) return fd;
  close(fd);
  return -1;
}

static void* accept_all(void* listener) {
  for (;;) {
    struct connection* its;
    pthread_t thread;
    const int fd = accept(*(const int*)listener, NULL, NULL);
    if (fd < 0) continue;
    its = malloc(sizeof *its);
    if (!its) {
      close(fd);
      continue;
    }
    its->fd = fd;
    its->size = 0;
    if (pthread_create(&thread, NULL, serve_connection, its) == 0) {
      pthread_detach(thread);
    } else {
      close(fd);
      free(its);
    }
  }
  return NULL;
}

int main(int argc, char** argv) {
  understudy_options* options;
  char message[4096] = "";
  static int listener;
  pthread_t thread;
  sigset_t signals;
  int signal_number;
  if (argc != 3 || strcmp(argv[1], "-c") != 0) {
    fprintf(stderr, "usage: c_counter -c FILE\n");
    return 2;
  }
  /* Before there are threads, so that all of them leave these to sigwait. */
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);

  if (understudy_options_load(argv[2], &options, message, sizeof message) != UNDERSTUDY_OK) {
    fputs(message, stderr);
    return 1;
  }
  member_name = understudy_options_member_name(options);
  listener = listen_on(understudy_options_listen(options));
  if (listener < 0) {
    fprintf(stderr, "c_counter %s: cannot listen on %s\n", member_name,
            understudy_options_listen(options));
    return 1;
  }
  if (understudy_node_open(options, &node, message, sizeof message) != UNDERSTUDY_OK) {
    fprintf(stderr, "c_counter %s: %s\n", member_name, message);
    return 1;
  }
  pthread_create(&thread, NULL, accept_all, &listener);
  fprintf(stderr, "c_counter %s: serving on http://%s/\n", member_name,
          understudy_options_listen(options));
  while (sigwait(&signals, &signal_number) == 0 && signal_number == SIGHUP) {
    const int is_read = understudy_reload_keys(node, message, sizeof message) == UNDERSTUDY_OK;
    fprintf(stderr, "c_counter %s: %s\n", member_name,
            is_read ? "the cluster's keys are read again" : message);
  }
  fprintf(stderr, "c_counter %s: draining\n", member_name);
  understudy_node_drain(node);
  /* Threads may still be inside of calls: the process ends with its node. */
  fprintf(stderr, "c_counter %s: stopped\n", member_name);
  fflush(NULL);
  _exit(0);
}
