// SPDX-License-Identifier: Apache-2.0
package io.understudy;

import java.lang.ref.Cleaner;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * One request's handle on a session: a snapshot, and the changes that this request makes. Nothing
 * is shared or sent before {@link #finish}, which commits all of them or none. Attributes are
 * merged one by one, the later commit wins; a handler that reads, computes and writes asks for
 * {@link Request#exclusive}.
 *
 * <p>One thread's at a time, and may be handed on. After {@link #finish} or {@link #close} the
 * methods that read or change attributes throw {@link IllegalStateException}; what is asked of the
 * session itself (id, epoch ...) stays. One that is forgotten is dropped when it is collected.
 */
public final class Session implements AutoCloseable {
  private final State state;
  private final Cleaner.Cleanable cleanable;
  private final boolean isNew;
  private final boolean isReplayed;
  private final SessionNote note;
  private final int epoch;
  private final long version;
  private String id;

  Session(Node.State node, long handle, Packet its) {
    id = its.text();
    isNew = its.u32() != 0;
    isReplayed = its.u32() != 0;
    note = SessionNote.of(its.u32());
    epoch = its.u32();
    version = its.u64();
    state = new State(node, handle);
    cleanable = Node.CLEANER.register(this, state);
  }

  /** 22 characters; the client's secret: never log it whole. */
  public String id() {
    return id;
  }

  public boolean isNew() {
    return isNew;
  }

  /**
   * This very request has run before and been committed: repeat its answer from what the session
   * holds. Changes have no effect.
   */
  public boolean isReplayed() {
    return isReplayed;
  }

  public SessionNote note() {
    return note;
  }

  /** The fencing token: rises whenever the session changes its place. */
  public int epoch() {
    return epoch;
  }

  /** Commits so far, this request's not included. */
  public long version() {
    return version;
  }

  /** A copy of the value, or null when there is none. */
  public byte[] get(String name) {
    byte[] value = Native.get(state.handle(), utf8(name));
    if (value == null) checkOpen();
    return value;
  }

  /** Sorted by their bytes. */
  public List<String> names() {
    Packet its = Packet.of(Native.names(state.handle()));
    List<String> names = new ArrayList<>();
    while (!its.isAtEnd()) names.add(its.text());
    return names;
  }

  /**
   * @throws SessionRefusedException a name of 0 or of more than 256 bytes; nothing of this request
   *     happens then
   */
  public void set(String name, byte[] value) {
    Objects.requireNonNull(value, "value");
    check(Native.set(state.handle(), utf8(name), value));
  }

  public void remove(String name) {
    check(Native.remove(state.handle(), utf8(name)));
  }

  /** Ends the session: the id is never served again. At logout. */
  public void invalidate() {
    check(Native.invalidate(state.handle()));
  }

  /** Same content, new id: after login, so that an id known from before is worth nothing. */
  public String rotateId() {
    id = Packet.of(Native.rotateId(state.handle())).text();
    return id;
  }

  /**
   * Keeps this answer with the session, under the request's id: when the proxy has to send the
   * request again, the answer is repeated and the handler does not run. One above StoredResponseMax
   * is not kept.
   */
  public void storeResponse(Reply answer) {
    byte[] headers = new Packet.Writer().headers(answer.headers()).bytes();
    check(Native.storeResponse(state.handle(), answer.status(), headers, answer.body()));
  }

  /** Why a change was refused; empty when none was. */
  public String refusal() {
    return new String(Native.refusal(state.handle()), StandardCharsets.UTF_8);
  }

  /**
   * Commits, and waits for the copy: for what this request has written and for what it has read.
   */
  public Reply finish() {
    long handle = state.take();
    try (Node.State inside = state.node.enter()) {
      return Packet.of(Native.finish(handle)).reply();
    } finally {
      cleanable.clean();
    }
  }

  /** Without {@link #finish} before it: nothing is committed. */
  @Override
  public void close() {
    cleanable.clean();
  }

  private void check(int code) {
    Packet.check(code, code == Packet.REFUSED ? refusal() : "");
  }

  private void checkOpen() {
    state.handle();
  }

  private static byte[] utf8(String name) {
    return name.getBytes(StandardCharsets.UTF_8);
  }

  /** The handle, as long as it is open: what the cleaner holds in place of the session. */
  private static final class State implements Runnable {
    final Node.State node;
    private long handle;

    State(Node.State node, long handle) {
      this.node = node;
      this.handle = handle;
    }

    synchronized long handle() {
      if (handle == 0) throw new IllegalStateException("the session was finished or closed");
      return handle;
    }

    synchronized long take() {
      long taken = handle();
      handle = 0;
      return taken;
    }

    @Override
    public synchronized void run() {
      if (handle != 0) Native.drop(handle);
      handle = 0;
    }
  }
}
