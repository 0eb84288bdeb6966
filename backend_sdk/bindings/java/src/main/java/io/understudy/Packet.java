// SPDX-License-Identifier: Apache-2.0
package io.understudy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What native code gives in one array (border.h writes it): a code, the message of a failure, then
 * the call's own parts. Numbers are big-endian; a text is its size and its bytes.
 */
final class Packet {
  private static final int ARGUMENT = 5;
  static final int REFUSED = 6;
  private static final int CLOSED = 7;
  private static final int FORKED = 8;

  private final ByteBuffer bytes;

  private Packet(byte[] bytes) {
    this.bytes = ByteBuffer.wrap(bytes);
  }

  /** Throws what the code means, unless it is 0. */
  static Packet of(byte[] bytes) {
    Packet packet = new Packet(bytes);
    check(packet.u32(), packet.text());
    return packet;
  }

  static void check(int code, String message) {
    switch (code) {
      case 0:
        return;
      case ARGUMENT:
        throw new IllegalArgumentException(
            message.isEmpty() ? "an argument that the SDK cannot take" : message);
      case REFUSED:
        throw new SessionRefusedException(message);
      case CLOSED:
        throw new IllegalStateException("it was closed or finished before");
      case FORKED:
        throw new IllegalStateException("it belongs to the process that this one came from");
      default:
        throw new UnderstudyException(UnderstudyException.Reason.of(code), message);
    }
  }

  int u32() {
    return bytes.getInt();
  }

  long u64() {
    return bytes.getLong();
  }

  byte[] bytes() {
    byte[] part = new byte[bytes.getInt()];
    bytes.get(part);
    return part;
  }

  String text() {
    return new String(bytes(), StandardCharsets.UTF_8);
  }

  boolean isAtEnd() {
    return !bytes.hasRemaining();
  }

  Reply reply() {
    int status = u32();
    SessionNote note = SessionNote.of(u32());
    byte[] body = bytes();
    int count = u32();
    List<Header> headers = new ArrayList<>(count);
    for (int i = 0; i < count; ++i) {
      headers.add(new Header(latin(bytes()), latin(bytes())));
    }
    return new Reply(status, headers, body, note);
  }

  private static String latin(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /** Texts for native code; of HTTP, so that a character is a byte. */
  static final class Writer {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream(512);

    Writer text(String text) {
      byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
      int size = bytes.length;
      out.write(size >>> 24);
      out.write(size >>> 16);
      out.write(size >>> 8);
      out.write(size);
      out.write(bytes, 0, size);
      return this;
    }

    Writer headers(List<Header> headers) {
      for (Header header : headers) text(header.name()).text(header.value());
      return this;
    }

    byte[] bytes() {
      return out.toByteArray();
    }
  }
}
