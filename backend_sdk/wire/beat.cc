// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/wire/beat.h"

#include "backend_sdk/wire/bytes.h"
#include "base/check.h"

namespace understudy {

std::string encode_beat(const Beat& beat) {
  CHECK(beat.events.size() <= kBeatEventsMax, "too many events in a beat");
  std::string out;
  out.reserve(kBeatBodyBytes + kBeatEventBytes * beat.events.size());
  ByteWriter writer(out);
  writer.u32(beat.term);
  writer.u64(beat.view_seq);
  writer.u64(beat.view_hash);
  writer.u32(beat.join_seq);
  writer.u16(beat.refute);
  writer.u8(beat.state);
  writer.u8(beat.health);
  writer.u16(beat.interval_ms);
  writer.u16(beat.load);
  writer.u32(beat.sessions);
  writer.u32(beat.voted_term);
  writer.u64(beat.echo);
  writer.u8(static_cast<uint8_t>(beat.events.size()));
  writer.zeros(kBeatBodyBytes - out.size());
  for (const BeatEvent& event : beat.events) {
    writer.u32(event.mid);
    writer.u8(event.liveness);
    writer.u8(event.flags);
    writer.u16(event.refute);
    writer.u64(event.version);
  }
  return out;
}

std::optional<Beat> decode_beat(std::string_view bytes) {
  ByteReader reader(bytes);
  Beat beat;
  beat.term = reader.u32();
  beat.view_seq = reader.u64();
  beat.view_hash = reader.u64();
  beat.join_seq = reader.u32();
  beat.refute = reader.u16();
  beat.state = reader.u8();
  beat.health = reader.u8();
  beat.interval_ms = reader.u16();
  beat.load = reader.u16();
  beat.sessions = reader.u32();
  beat.voted_term = reader.u32();
  beat.echo = reader.u64();
  const size_t events = reader.u8();
  reader.zeros(3);
  if (!reader.ok() || events > kBeatEventsMax || reader.remaining() != events * kBeatEventBytes) {
    return std::nullopt;
  }
  beat.events.resize(events);
  for (BeatEvent& event : beat.events) {
    event.mid = reader.u32();
    event.liveness = reader.u8();
    event.flags = reader.u8();
    if (event.flags != 0) reader.fail();
    event.refute = reader.u16();
    event.version = reader.u64();
  }
  if (!reader.is_complete()) return std::nullopt;
  return beat;
}

}  // namespace understudy
