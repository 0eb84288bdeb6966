// SPDX-License-Identifier: Apache-2.0
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <map>

#include "base/check.h"
#include "tests/loadtest/support/test_connection.h"

namespace understudy::loadtest {
namespace {

class Http2TestConnection final : public TestConnection {
 public:
  Http2TestConnection(TestServer& server, std::unique_ptr<Stream> stream, uint32_t streams_max)
      : TestConnection(server, std::move(stream)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_stream_close);
    CHECK(nghttp2_session_server_new(&session_, callbacks, this) == 0);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry limit{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams_max};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &limit, streams_max == 0 ? 0 : 1);
  }
  ~Http2TestConnection() override { nghttp2_session_del(session_); }

  void release() override {
    std::vector<int32_t> ids;
    ids.swap(held_);
    for (const int32_t id : ids) submit(id);
    write();
  }

 private:
  struct Request {
    std::map<std::string, std::string> fields;
    std::string body;
    Answer answer;
    size_t sent = 0;
  };

  void feed(std::string_view bytes) override {
    const ssize_t taken = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    if (taken < 0 || is_to_close_) close();
  }
  void fill(std::string& out) override {
    const uint8_t* bytes = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;) {
      out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
    }
  }

  void on_request(int32_t id) {
    Request& request = requests_[id];
    request.answer = answer(request.fields[":method"], request.fields[":path"],
                            request.fields["cookie"], request.body);
    is_to_close_ |= request.answer.is_close;
    if (!request.answer.is_held) return submit(id);
    held_.push_back(id);
    hold(held_.size());
  }

  void submit(int32_t id) {
    const std::string status = std::to_string(requests_[id].answer.status);
    const nghttp2_nv fields[] = {field(":status", status), field("set-cookie", "seen=1; Path=/")};
    const nghttp2_data_provider provider{.source = {.ptr = nullptr}, .read_callback = &give};
    nghttp2_submit_response(session_, id, fields, std::size(fields), &provider);
  }

  static nghttp2_nv field(std::string_view name, std::string_view value) {
    return {.name = reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
            .value = reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())),
            .namelen = name.size(),
            .valuelen = value.size(),
            .flags = NGHTTP2_NV_FLAG_NONE};
  }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name,
                       size_t name_size, const uint8_t* value, size_t value_size, uint8_t,
                       void* self) {
    static_cast<Http2TestConnection*>(self)
        ->requests_[frame->hd.stream_id]
        .fields[std::string(reinterpret_cast<const char*>(name), name_size)]
        .assign(reinterpret_cast<const char*>(value), value_size);
    return 0;
  }
  static int on_data(nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size,
                     void* self) {
    static_cast<Http2TestConnection*>(self)->requests_[id].body.append(
        reinterpret_cast<const char*>(bytes), size);
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    const bool is_message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (is_message && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      static_cast<Http2TestConnection*>(self)->on_request(frame->hd.stream_id);
    }
    return 0;
  }
  static int on_stream_close(nghttp2_session*, int32_t id, uint32_t, void* self) {
    auto& its = *static_cast<Http2TestConnection*>(self);
    its.requests_.erase(id);
    std::erase(its.held_, id);
    return 0;
  }
  static ssize_t give(nghttp2_session*, int32_t id, uint8_t* into, size_t size, uint32_t* flags,
                      nghttp2_data_source*, void* self) {
    Request& request = static_cast<Http2TestConnection*>(self)->requests_[id];
    const size_t given = std::min(size, request.answer.body.size() - request.sent);
    std::copy_n(request.answer.body.data() + request.sent, given, into);
    request.sent += given;
    if (request.sent == request.answer.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(given);
  }

  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Request> requests_;
  std::vector<int32_t> held_;
  bool is_to_close_ = false;
};

}  // namespace

std::unique_ptr<TestConnection> make_http2_connection(TestServer& server,
                                                      std::unique_ptr<Stream> stream,
                                                      uint32_t streams_max) {
  return std::make_unique<Http2TestConnection>(server, std::move(stream), streams_max);
}

}  // namespace understudy::loadtest
