// SPDX-License-Identifier: Apache-2.0
// The SDK for C, and for every language that can call C: a node that joins the cluster, and a
// session around each request. Framework-neutral: headers in, headers out; the program keeps its
// own HTTP server. What the words mean is in node.h, session.h and options.h; here stands only what
// differs.
//
//   understudy_session* session = NULL;
//   understudy_reply* reply = NULL;
//   understudy_begin(node, &request, &session, &reply);      waits
//   if (session) {
//     ... run the handler: understudy_session_get, understudy_session_set ...
//     understudy_finish(session, &reply);                    commits, and waits for the copy
//   }
//   status = understudy_reply_status(reply);   0: send the handler's response, and with it the
//                                              reply's headers; else send the reply instead
//   understudy_reply_free(reply);
//
// Objects are opaque, belong to the caller, and are freed once with the function named for them;
// NULL may be freed. One that was freed, finished or dropped before is told apart from all that
// have been made since: UNDERSTUDY_CLOSED, and nothing happens. So is one in a child of fork():
// UNDERSTUDY_FORKED; open a node in each process, after the fork. Functions that can fail return an
// understudy_code and, where they have `message`, write there why: at most message_size bytes with
// the NUL at the end; (NULL, 0) is allowed. Nothing is thrown and no process ended, but for memory
// that is all used up.
//
// Threads: a node may be used by all threads at once. A session or a reply is one thread's at a
// time, and may be handed on. understudy_begin and understudy_finish block: call them on threads
// that may wait (seconds, while a member is taken over), or use the _then forms, whose callbacks
// come once, on the node's thread, where they must be quick and must not call a blocking function,
// or the _into forms, whose results the program takes from a queue when it likes.
//
// The ABI grows by new functions and by new fields at the end of the structs with a struct_size,
// which the caller sets to sizeof; a smaller struct of an older program keeps its meaning.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default) /* libunderstudy.so exports what follows */
#endif

/* 2: understudy_reload_keys. 3: readiness, hooks, statistics, drain_then, the log.
 * 4: understudy_session_visit, completions. */
#define UNDERSTUDY_ABI_VERSION 4
/* Of the library that runs. It serves programs of its own number and of smaller ones. */
uint32_t understudy_abi_version(void);

typedef enum understudy_code {
  UNDERSTUDY_OK = 0,
  UNDERSTUDY_CONFIGURATION = 1, /* a directive is wrong; the message says which, where and why */
  UNDERSTUDY_KEY_FILE = 2,      /* missing, readable by others, or no key file */
  UNDERSTUDY_ADDRESS = 3,       /* ClusterListen cannot be bound, or an address not resolved */
  UNDERSTUDY_SYSTEM = 4,        /* the operating system refused something else */
  UNDERSTUDY_ARGUMENT = 5,      /* of the call: a NULL, a size, a number out of range */
  UNDERSTUDY_REFUSED = 6,       /* a change of the session; the whole request is answered 500 */
  UNDERSTUDY_CLOSED = 7,        /* the object was freed, finished or dropped before */
  UNDERSTUDY_FORKED = 8,        /* the object belongs to the process that this one came from */
  UNDERSTUDY_NOT_READY = 9 /* the time is over, or the node is leaving; the message says more */
} understudy_code;

/* Bytes, not ended by a NUL. An empty text may have data NULL. */
typedef struct understudy_text {
  const char* data;
  size_t size;
} understudy_text;

typedef struct understudy_header {
  understudy_text name;
  understudy_text value;
} understudy_header;

typedef struct understudy_options understudy_options;
typedef struct understudy_node understudy_node;
typedef struct understudy_session understudy_session;
typedef struct understudy_reply understudy_reply;

/* --- options: a configuration file, see conf/directives.md --- */

understudy_code understudy_options_load(const char* path, understudy_options** options,
                                        char* message, size_t message_size);
void understudy_options_free(understudy_options* options);
/* As long as the options. Listen is what the program binds for its HTTP. */
const char* understudy_options_member_name(const understudy_options* options);
const char* understudy_options_listen(const understudy_options* options);

/* --- node --- */

/* Binds ClusterListen, starts a thread and begins to join; does not wait for others. */
understudy_code understudy_node_open(const understudy_options* options, understudy_node** node,
                                     char* message, size_t message_size);

/* How far a node is: node.h, Readiness. It rises, and falls when members die. */
typedef enum understudy_readiness {
  UNDERSTUDY_JOINING = 0,   /* requests are answered 503 */
  UNDERSTUDY_JOINED = 1,    /* no other member can hold copies now */
  UNDERSTUDY_PROTECTED = 2, /* another member can */
  UNDERSTUDY_LEAVING = 3    /* for good */
} understudy_readiness;

/* Called on the node's thread, where they must be quick and must not call a blocking function. */
typedef struct understudy_hooks {
  size_t struct_size;
  void* context; /* of all of them */
  void (*on_readiness)(void* context, understudy_readiness readiness);
  /* A client named a session that no member holds any more. */
  void (*on_session_lost)(void* context, understudy_text id);
} understudy_hooks;
understudy_code understudy_node_open_with(const understudy_options* options,
                                          const understudy_hooks* hooks, understudy_node** node,
                                          char* message, size_t message_size);
/* UNDERSTUDY_LEAVING for a node that is freed or of another process. */
understudy_readiness understudy_node_readiness(const understudy_node* node);
/* Waits until it is `least` or better; at most so long. UNDERSTUDY_NOT_READY: it is not. */
understudy_code understudy_node_wait_ready(const understudy_node* node, understudy_readiness least,
                                           uint32_t milliseconds, char* message,
                                           size_t message_size);

/* Graceful: no new sessions, requests under way end (DrainTimeout), each session is handed to its
 * secondary. Returns when that is done; requests that begin meanwhile are answered. */
void understudy_node_drain(understudy_node* node);
/* The same without waiting; the callback comes once, on the node's thread. */
understudy_code understudy_node_drain_then(understudy_node* node, void (*callback)(void* context),
                                           void* context);
/* Reads ClusterKeyFile again (on SIGHUP, say). Blocks until the keys are in force. When it fails
 * the old ones stay; UNDERSTUDY_KEY_FILE: the message says what is wrong with the file. */
understudy_code understudy_reload_keys(understudy_node* node, char* message, size_t message_size);
/* Leaves, at once if it was not drained. No thread may be inside a call with it. What is left of
 * its sessions is answered UNDERSTUDY_CLOSED when it is finished; its replies are read and freed.
 */
void understudy_node_free(understudy_node* node);
/* Prometheus, text format 0.0.4. Returns its size and writes what fits, without a NUL. */
size_t understudy_node_metrics(const understudy_node* node, char* text, size_t size);

/* Counters since the node was opened; from sessions_primary on, what is now. */
typedef struct understudy_statistics {
  size_t struct_size; /* set by the caller */
  uint64_t requests;
  uint64_t commits;
  uint64_t replays;
  uint64_t sessions_created;
  uint64_t sessions_promoted;
  uint64_t sessions_lost;
  uint64_t sessions_recovered;
  uint64_t sessions_expired;
  uint64_t solo_responses;
  uint64_t rerouted;
  uint64_t unavailable;
  uint64_t fenced;
  uint64_t conflicts;
  uint64_t lives;
  uint64_t sessions_primary;
  uint64_t sessions_solo;
  uint64_t sessions_secondary;
  uint64_t replica_bytes;
  uint64_t requests_under_way;
  uint64_t members_alive;
} understudy_statistics;
understudy_code understudy_node_statistics(const understudy_node* node,
                                           understudy_statistics* statistics);

/* --- the log, one per process --- */

typedef enum understudy_severity {
  UNDERSTUDY_TRACE = 0,
  UNDERSTUDY_DEBUG = 1,
  UNDERSTUDY_INFO = 2,
  UNDERSTUDY_NOTICE = 3,
  UNDERSTUDY_WARN = 4,
  UNDERSTUDY_ERROR = 5
} understudy_severity;
/* Each line that LogLevel lets through goes to `writer` in place of ErrorLog; NULL: to ErrorLog
 * again. Called by the thread that has something to say, so by several at once. */
void understudy_set_log(void (*writer)(void* context, understudy_severity severity,
                                       understudy_text line),
                        void* context);

/* --- a request --- */

typedef struct understudy_request {
  size_t struct_size;
  understudy_text method;
  understudy_text target; /* as on the request line: "/count?x=1" */
  const understudy_header* headers;
  size_t header_count;
  int is_tls;       /* the client's side was TLS */
  int is_exclusive; /* no other exclusive request of this session runs at the same time */
  /* Not 0: `body` is the whole body, and a request that another member serves may be relayed to it
   * (ThirdServer): the reply is that member's answer, or 502 above 16 MiB. 0: it is a 421. */
  int can_relay;
  understudy_text body;
} understudy_request;

/* `request` is only read during the call. Sets either *session, and the handler runs, or *reply,
 * which is sent instead. Requests for paths that begin with /.understudy/ belong here too. */
understudy_code understudy_begin(understudy_node* node, const understudy_request* request,
                                 understudy_session** session, understudy_reply** reply);
/* Takes the session, whatever it returns. What was changed is committed, all of it or nothing, and
 * *reply says what is sent, when a second member holds what the handler has read and written. */
understudy_code understudy_finish(understudy_session* session, understudy_reply** reply);
/* Instead of understudy_finish: nothing is committed, and no answer is sent. */
void understudy_session_drop(understudy_session* session);

typedef void (*understudy_begun)(void* context, understudy_session* session,
                                 understudy_reply* reply);
typedef void (*understudy_finished)(void* context, understudy_reply* reply);
understudy_code understudy_begin_then(understudy_node* node, const understudy_request* request,
                                      understudy_begun callback, void* context);
understudy_code understudy_finish_then(understudy_session* session, understudy_finished callback,
                                       void* context);

/* A completion queue, for an event loop in a language whose lock the node's thread should not wait
 * for: in place of a callback, `fd` is readable as long as there is something to take. It belongs
 * to the queue: wait on it (poll, epoll), do not read it. Any thread. */
typedef struct understudy_completions understudy_completions;
typedef struct understudy_completion {
  uint64_t token; /* as it was given */
  understudy_session* session;
  understudy_reply* reply;
} understudy_completion;
understudy_code understudy_completions_open(understudy_completions** completions, int* fd);
/* What comes later, and what was not taken, is dropped. */
void understudy_completions_free(understudy_completions* completions);
/* Writes what has come, at most `size`, and returns how many. Does not wait. */
size_t understudy_completions_take(understudy_completions* completions, understudy_completion* list,
                                   size_t size);
understudy_code understudy_begin_into(understudy_node* node, const understudy_request* request,
                                      understudy_completions* completions, uint64_t token);
understudy_code understudy_finish_into(understudy_session* session,
                                       understudy_completions* completions, uint64_t token);

/* For a response that was made without understudy_begin: the proxy's news, status 0. */
understudy_code understudy_headers_for(understudy_node* node, const understudy_request* request,
                                       understudy_reply** reply);

/* --- session --- */

typedef enum understudy_note {
  UNDERSTUDY_NOTE_NONE = 0,
  UNDERSTUDY_NOTE_SOLO = 1,     /* no other member holds a copy at the moment */
  UNDERSTUDY_NOTE_LOST = 2,     /* the client's session is gone; this is a new one */
  UNDERSTUDY_NOTE_RECOVERED = 3 /* served without the last proof that it is the newest */
} understudy_note;

/* 22 characters and a NUL; the client's secret. 0 when `size` is less than 23. */
int understudy_session_id(const understudy_session* session, char* id, size_t size);
int understudy_session_is_new(const understudy_session* session);
/* This very request has run before, and been committed: repeat its answer from the session. */
int understudy_session_is_replayed(const understudy_session* session);
understudy_note understudy_session_note(const understudy_session* session);
uint32_t understudy_session_epoch(const understudy_session* session); /* the fencing token */
uint64_t understudy_session_version(const understudy_session* session);

/* 1 and the value, which is valid until this attribute is changed or the session goes; or 0. */
int understudy_session_get(const understudy_session* session, understudy_text name,
                           understudy_text* value);
/* Calls `visit` for each attribute, sorted by name, before it returns. The texts are valid as those
 * of understudy_session_get; `visit` must not change the session. */
understudy_code understudy_session_visit(const understudy_session* session,
                                         void (*visit)(void* context, understudy_text name,
                                                       understudy_text value),
                                         void* context);
/* UNDERSTUDY_REFUSED: understudy_session_refusal says why. */
understudy_code understudy_session_set(understudy_session* session, understudy_text name,
                                       understudy_text value);
understudy_code understudy_session_remove(understudy_session* session, understudy_text name);
understudy_code understudy_session_invalidate(understudy_session* session); /* logout */
/* After login: the same content under a new id, which this answer alone tells. The old id serves
 * what was under way; a request that comes later with it gets a new session. */
understudy_code understudy_session_rotate_id(understudy_session* session);
/* Kept with the session: sent again, without running the handler, when the request comes again. */
understudy_code understudy_session_store_response(understudy_session* session, int status,
                                                  const understudy_header* headers,
                                                  size_t header_count, understudy_text body);
/* Empty when no change was refused. Valid until the next change. */
understudy_text understudy_session_refusal(const understudy_session* session);

/* --- reply --- */

/* 0: the handler's own response is sent, with the headers below added to it. */
int understudy_reply_status(const understudy_reply* reply);
understudy_note understudy_reply_note(const understudy_reply* reply);
size_t understudy_reply_header_count(const understudy_reply* reply);
/* Valid as long as the reply; 0 when there are fewer. */
int understudy_reply_header(const understudy_reply* reply, size_t index, understudy_header* header);
/* Empty with status 0. */
understudy_text understudy_reply_body(const understudy_reply* reply);
void understudy_reply_free(understudy_reply* reply);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
