// SPDX-License-Identifier: Apache-2.0
// app.cc in C: the only member of a cluster writes into a session and finds it again.
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <understudy/understudy.h>

static understudy_text text(const char* bytes) {
  understudy_text out = {bytes, strlen(bytes)};
  return out;
}

/* A port that was free a moment ago. */
static int free_port(void) {
  struct sockaddr_in here;
  socklen_t size = sizeof here;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  int port = 0;
  memset(&here, 0, sizeof here);
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd >= 0 && bind(fd, (struct sockaddr*)&here, size) == 0 &&
      getsockname(fd, (struct sockaddr*)&here, &size) == 0) {
    port = ntohs(here.sin_port);
  }
  if (fd >= 0) close(fd);
  return port;
}

/* Opened at a free port; another process may be quicker, then once more. */
static understudy_node* open_node(const char* path) {
  char message[2048] = "";
  int i;
  for (i = 0; i < 20; ++i) {
    understudy_options* options = NULL;
    understudy_node* node = NULL;
    FILE* const file = fopen(path, "w");
    if (!file) return NULL;
    fprintf(file,
            "MemberName a\nListen 127.0.0.1:1\nClusterListen 127.0.0.1:%d\n"
            "ClusterInsecure On\nHeartbeatInterval 50ms\n",
            free_port());
    fclose(file);
    if (understudy_options_load(path, &options, message, sizeof message) == UNDERSTUDY_OK &&
        understudy_node_open(options, &node, message, sizeof message) == UNDERSTUDY_OK) {
      understudy_options_free(options);
      return node;
    }
    understudy_options_free(options);
  }
  fputs(message, stderr);
  return NULL;
}

/* One request; `value` is written, or read into `read`. 0 when the node gave another answer. */
static int ask(understudy_node* node, char* cookie, size_t cookie_size, const char* value,
               char* read, size_t read_size) {
  char line[1024];
  understudy_header header;
  understudy_request request;
  understudy_session* session;
  understudy_reply* reply;
  size_t i;
  int ok;
  memset(&request, 0, sizeof request);
  request.struct_size = sizeof request;
  request.method = text("GET");
  request.target = text("/");
  snprintf(line, sizeof line, "JSESSIONID=%s", cookie);
  header.name = text("Cookie");
  header.value = text(line);
  request.headers = &header;
  request.header_count = *cookie ? 1 : 0;
  if (understudy_begin(node, &request, &session, &reply) != UNDERSTUDY_OK) return 0;
  if (session) {
    understudy_text found;
    if (value) understudy_session_set(session, text("name"), text(value));
    if (read && understudy_session_get(session, text("name"), &found) && found.size < read_size) {
      memcpy(read, found.data, found.size);
      read[found.size] = '\0';
    }
    if (understudy_finish(session, &reply) != UNDERSTUDY_OK) return 0;
  }
  for (i = 0; understudy_reply_header(reply, i, &header); ++i) {
    if (header.value.size > 11 && memcmp(header.value.data, "JSESSIONID=", 11) == 0) {
      const char* const from = header.value.data + 11;
      const char* const end = memchr(from, ';', header.value.size - 11);
      const size_t size = end ? (size_t)(end - from) : header.value.size - 11;
      if (size >= cookie_size) return 0;
      memcpy(cookie, from, size);
      cookie[size] = '\0';
    }
  }
  ok = understudy_reply_status(reply) == 0;
  understudy_reply_free(reply);
  return ok;
}

int main(int argc, char** argv) {
  char cookie[512] = "";
  char name[64] = "nothing";
  char message[256] = "";
  understudy_node* node;
  if (argc != 2 || !(node = open_node(argv[1]))) return 1;
  if (understudy_node_wait_ready(node, UNDERSTUDY_JOINED, 30000, message, sizeof message) !=
          UNDERSTUDY_OK ||
      !ask(node, cookie, sizeof cookie, "Anna", NULL, 0)) {
    fprintf(stderr, "not ready: %s\n", message);
    return 1;
  }
  ask(node, cookie, sizeof cookie, NULL, name, sizeof name);
  printf("read back: %s\n", name);
  understudy_node_free(node);
  return strcmp(name, "Anna") == 0 ? 0 : 1;
}
