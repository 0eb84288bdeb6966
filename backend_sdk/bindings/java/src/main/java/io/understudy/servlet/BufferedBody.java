// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/**
 * The body of a response, held back until its session is committed; then what is written goes
 * through. More than the limit, flush() and a listener that writes commit the session first.
 */
final class BufferedBody extends ServletOutputStream {
  private final ExchangeResponse response;
  private final ByteArrayOutputStream held = new ByteArrayOutputStream();
  private int limit;
  private ServletOutputStream through;
  private boolean isClosed;

  BufferedBody(ExchangeResponse response, int limit) {
    this.response = response;
    this.limit = limit;
  }

  byte[] held() {
    return held.toByteArray();
  }

  int size() {
    return held.size();
  }

  int limit() {
    return limit;
  }

  void raiseLimit(int bytes) {
    limit = Math.max(limit, bytes);
  }

  void clear() {
    held.reset();
    isClosed = false;
  }

  /** What is written from now on is forgotten. */
  void end() {
    isClosed = true;
  }

  /** What is held goes first, then all that is written. */
  void openTo(ServletOutputStream out) throws IOException {
    held.writeTo(out);
    held.reset();
    through = out;
  }

  @Override
  public void write(int one) throws IOException {
    write(new byte[] {(byte) one}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int count) throws IOException {
    if (isClosed) return;
    if (through == null && held.size() + count > limit) response.release(false);
    if (isClosed) return; // another answer was sent
    if (through != null) {
      through.write(bytes, offset, count);
    } else {
      held.write(bytes, offset, count);
    }
  }

  @Override
  public void flush() throws IOException {
    if (isClosed || response.isMovingText()) return;
    response.release(false);
    if (through != null) through.flush();
  }

  @Override
  public void close() throws IOException {
    if (isClosed) return;
    isClosed = true;
    if (through != null) {
      through.close();
    } else {
      response.onBodyClosed();
    }
  }

  @Override
  public boolean isReady() {
    return through == null || through.isReady();
  }

  @Override
  public void setWriteListener(WriteListener listener) {
    try {
      response.release(false);
    } catch (IOException failed) {
      listener.onError(failed);
      return;
    }
    if (through != null) through.setWriteListener(listener);
  }
}
