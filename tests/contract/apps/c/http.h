// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 server for the contract application in C: a thread for each connection, heads of
// 16 KiB, bodies by Content-Length of at most 8 MiB. It understands what a proxy or http.client
// sends, and no more.
#pragma once

#include "understudy/understudy.h"

enum { kHeadBytesMax = 16384, kHeadersMax = 100, kBodyBytesMax = 8 << 20 };

struct request {
  understudy_request of_sdk; /* method, target, headers */
  understudy_text path;
  understudy_text query;
  understudy_text body;
};

/* Sends one whole answer, with the reply's headers; 0: the connection is gone. */
int http_send(int fd, int status, const char* type, understudy_text body,
              const understudy_reply* reply);
/* The value of a field of the query, percent-decoded, cut to `size` with its NUL; its length. */
size_t http_field(const struct request* request, const char* name, char* value, size_t size);

/* Binds "host:port" and accepts for ever on a thread. 0 when the address cannot be bound.
 * `serve` answers one request; 0: the connection ends. */
int http_listen(const char* address, int (*serve)(int fd, struct request* request));
