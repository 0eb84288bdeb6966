// SPDX-License-Identifier: Apache-2.0
#define _POSIX_C_SOURCE 200809L
#include "http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
  int fd;
  size_t size; /* of what was read and not used */
  char bytes[kHeadBytesMax];
};

static int (*serve_request)(int fd, struct request* request);
static int listener;

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

/* Takes the head apart in place; 0 when it is none. */
static int parse(struct connection* its, size_t head_bytes, struct request* request,
                 understudy_header* headers) {
  understudy_request* const sdk = &request->of_sdk;
  char* line = its->bytes;
  char* const end = its->bytes + head_bytes - 2;
  char* const line_end = memchr(line, '\r', head_bytes);
  char* const first = memchr(line, ' ', (size_t)(line_end - line));
  char* const second = first ? memchr(first + 1, ' ', (size_t)(line_end - first - 1)) : NULL;
  char* mark;
  if (!second) return 0;
  memset(request, 0, sizeof *request);
  sdk->struct_size = sizeof *sdk;
  sdk->method.data = line;
  sdk->method.size = (size_t)(first - line);
  sdk->target.data = first + 1;
  sdk->target.size = (size_t)(second - first - 1);
  sdk->headers = headers;
  request->path = sdk->target;
  mark = memchr(first + 1, '?', sdk->target.size);
  if (mark) {
    request->path.size = (size_t)(mark - first - 1);
    request->query.data = mark + 1;
    request->query.size = (size_t)(second - mark - 1);
  }
  for (line = line_end + 2; line < end && sdk->header_count < kHeadersMax;) {
    char* const stop = memchr(line, '\r', (size_t)(end - line) + 1);
    char* const colon = stop ? memchr(line, ':', (size_t)(stop - line)) : NULL;
    char* value = colon ? colon + 1 : NULL;
    understudy_header* const header = headers + sdk->header_count++;
    if (!value) return 0;
    while (value < stop && (*value == ' ' || *value == '\t')) ++value;
    header->name.data = line;
    header->name.size = (size_t)(colon - line);
    header->value.data = value;
    header->value.size = (size_t)(stop - value);
    if (header->name.size == 14 && strncasecmp(line, "content-length", 14) == 0) {
      request->body.size = strtoul(value, NULL, 10);
    }
    line = stop + 2;
  }
  return request->body.size <= kBodyBytesMax;
}

/* The body, in memory of its own; what has been read beyond it stays in the connection. */
static char* read_body(struct connection* its, size_t head_bytes, size_t size) {
  const size_t here = its->size - head_bytes;
  size_t count = here < size ? here : size;
  char* const body = malloc(size + 1);
  if (!body) return NULL;
  memcpy(body, its->bytes + head_bytes, count);
  while (count < size) {
    const ssize_t got = read(its->fd, body + count, size - count);
    if (got <= 0) {
      free(body);
      return NULL;
    }
    count += (size_t)got;
  }
  return body;
}

static void* serve_connection(void* its_connection) {
  struct connection* const its = its_connection;
  understudy_header headers[kHeadersMax];
  struct request request;
  size_t head_bytes;
  while ((head_bytes = read_head(its)) != 0 && parse(its, head_bytes, &request, headers)) {
    char* const body = read_body(its, head_bytes, request.body.size);
    size_t used = head_bytes + request.body.size;
    int is_open;
    if (!body) break;
    request.body.data = body;
    is_open = serve_request(its->fd, &request);
    free(body);
    if (!is_open) break;
    if (used > its->size) used = its->size;
    memmove(its->bytes, its->bytes + used, its->size - used);
    its->size -= used;
  }
  close(its->fd);
  free(its);
  return NULL;
}

static void* accept_all(void* nothing) {
  const int on = 1;
  (void)nothing;
  for (;;) {
    struct connection* its;
    pthread_t thread;
    const int fd = accept(listener, NULL, NULL);
    if (fd < 0) continue;
    its = malloc(sizeof *its);
    if (!its) {
      close(fd);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
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

int http_listen(const char* address, int (*serve)(int fd, struct request* request)) {
  const char* const colon = strrchr(address, ':');
  struct sockaddr_in here;
  pthread_t thread;
  char host[64] = "";
  const int on = 1;
  if (!colon || (size_t)(colon - address) >= sizeof host) return 0;
  memcpy(host, address, (size_t)(colon - address));
  memset(&here, 0, sizeof here);
  here.sin_family = AF_INET;
  here.sin_port = htons((unsigned short)strtoul(colon + 1, NULL, 10));
  serve_request = serve;
  listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return inet_pton(AF_INET, host, &here.sin_addr) == 1 &&
         bind(listener, (const struct sockaddr*)&here, sizeof here) == 0 &&
         listen(listener, 511) == 0 && pthread_create(&thread, NULL, accept_all, NULL) == 0;
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

int http_send(int fd, int status, const char* type, understudy_text body,
              const understudy_reply* reply) {
  char head[kHeadBytesMax];
  understudy_header header;
  size_t size = (size_t)snprintf(head, sizeof head, "HTTP/1.1 %d Status\r\n", status);
  size_t i;
  if (status != 204) {
    size += (size_t)snprintf(head + size, sizeof head - size, "Content-Length: %zu\r\n", body.size);
  }
  if (type) {
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
  return send_all(fd, head, size + 2) && (status == 204 || send_all(fd, body.data, body.size));
}

static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

size_t http_field(const struct request* request, const char* name, char* value, size_t size) {
  const char* at = request->query.data;
  const char* const end = at + request->query.size;
  const size_t name_size = strlen(name);
  size_t count = 0;
  while (at < end) {
    const char* stop = memchr(at, '&', (size_t)(end - at));
    if (!stop) stop = end;
    if ((size_t)(stop - at) > name_size && memcmp(at, name, name_size) == 0 &&
        at[name_size] == '=') {
      for (at += name_size + 1; at < stop && count + 1 < size; ++at) {
        if (*at == '%' && stop - at > 2 && digit(at[1]) >= 0 && digit(at[2]) >= 0) {
          value[count++] = (char)(digit(at[1]) * 16 + digit(at[2]));
          at += 2;
        } else {
          value[count++] = *at;
        }
      }
      break;
    }
    at = stop + 1;
  }
  value[count] = '\0';
  return count;
}
