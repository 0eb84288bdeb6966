// SPDX-License-Identifier: Apache-2.0
package io.understudy;

import java.lang.ref.Cleaner;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;

/**
 * This process as a member of the cluster: it joins, keeps sessions, copies each change to a second
 * member before the response leaves, and takes over when one dies. The program keeps its own HTTP
 * server.
 *
 * <pre>{@code
 * Decision decision = node.begin(request);          // waits
 * Reply reply = decision.reply();
 * if (reply == null) {
 *   try (Session session = decision.session()) {    // closed unfinished: nothing is committed
 *     ... the handler: session.get, session.set ...
 *     reply = session.finish();                     // commits, and waits for the copy
 *   }
 * }
 * // reply.isRelease(): send the handler's response with the reply's headers; else send the reply
 * }</pre>
 *
 * <p>Any thread, all at once. {@link #begin} and {@link Session#finish} wait: up to seconds, while
 * a member is taken over. After {@link #close} every method throws {@link IllegalStateException}.
 */
public final class Node implements AutoCloseable {
  static final Cleaner CLEANER = Cleaner.create();

  private static final Hooks NO_HOOKS = new Hooks() {};

  private final String memberName;
  private final String listen;
  private final State state;
  private final Cleaner.Cleanable cleanable;

  private Node(Options options, Packet its) {
    memberName = options.memberName();
    listen = options.listen();
    state = new State(its.u64(), its.u64());
    cleanable = CLEANER.register(this, state);
  }

  /** Binds ClusterListen, starts a thread and begins to join; does not wait for others. */
  public static Node open(Options options) {
    return open(options, NO_HOOKS);
  }

  /**
   * As {@link #open(Options)}.
   *
   * @throws UnderstudyException the configuration, the key file, the address, or the system
   */
  public static Node open(Options options, Hooks hooks) {
    Objects.requireNonNull(hooks, "hooks");
    return new Node(options, Packet.of(Native.open(options.handle(), hooks)));
  }

  /**
   * Each line that LogLevel lets through goes to {@code writer} in place of ErrorLog; null: to
   * ErrorLog again. One per process.
   */
  public static void setLog(LogWriter writer) {
    Native.load();
    Native.setLog(writer);
  }

  public String memberName() {
    return memberName;
  }

  /** Where proxies reach this member's HTTP; the program binds it. */
  public String listen() {
    return listen;
  }

  /** {@link Readiness#LEAVING} once it is closed. */
  public Readiness readiness() {
    return Readiness.of(Native.readiness(state.node));
  }

  /** Waits until it is {@code least} or better, at most so long. False: it is not. */
  public boolean waitReady(Readiness least, Duration atMost) {
    int milliseconds = (int) Math.min(atMost.toMillis(), Integer.MAX_VALUE);
    try (State inside = state.enter()) {
      Packet.of(Native.waitReady(inside.node, least.ordinal(), milliseconds));
      return true;
    } catch (UnderstudyException late) {
      if (late.reason() == UnderstudyException.Reason.NOT_READY) return false;
      throw late;
    }
  }

  /**
   * Waits for the session, and for exclusivity if that is asked. Requests for paths that begin with
   * {@code /.understudy/} belong here too.
   */
  public Decision begin(Request request) {
    try (State inside = state.enter()) {
      Packet its =
          Packet.of(
              Native.begin(
                  inside.node, request.packed(), request.isTls(), request.isExclusive()));
      long session = its.u64();
      return session == 0
          ? new Decision(null, its.reply())
          : new Decision(new Session(state, session, its), null);
    }
  }

  /** For a response that was made without {@link #begin}: the proxy's news, with status 0. */
  public Reply headersFor(Request request) {
    try (State inside = state.enter()) {
      return Packet.of(Native.headersFor(inside.node, request.packed(), request.isTls())).reply();
    }
  }

  /**
   * Graceful: no new sessions, requests under way end (DrainTimeout), each session is handed to its
   * secondary. Returns when that is done; requests that begin meanwhile are answered.
   */
  public void drain() {
    try (State inside = state.enter()) {
      Native.drain(inside.node);
    }
  }

  /**
   * Reads ClusterKeyFile again; waits until the keys are in force. When it fails, the old ones
   * stay.
   *
   * @throws UnderstudyException says what is wrong with the file
   */
  public void reloadKeys() {
    try (State inside = state.enter()) {
      Packet.of(Native.reloadKeys(inside.node));
    }
  }

  public Statistics statistics() {
    try (State inside = state.enter()) {
      return Statistics.of(Packet.of(Native.statistics(inside.node)));
    }
  }

  /** Prometheus, text format 0.0.4. */
  public String metrics() {
    try (State inside = state.enter()) {
      return new String(Native.metrics(inside.node), StandardCharsets.UTF_8);
    }
  }

  /**
   * Leaves, at once if it was not drained. Waits for the threads that are inside of calls; further
   * calls throw. Sessions that are not finished cannot be any more.
   */
  @Override
  public void close() {
    cleanable.clean();
  }

  /** The handles, and the count of the threads inside: the library frees a node that none is in. */
  static final class State implements Runnable, AutoCloseable {
    final long node;
    private final long hooks;
    private int inside;
    private boolean isClosed;

    State(long node, long hooks) {
      this.node = node;
      this.hooks = hooks;
    }

    synchronized State enter() {
      if (isClosed) throw new IllegalStateException("the node is closed");
      ++inside;
      return this;
    }

    /** Leaves what {@link #enter} entered. */
    @Override
    public synchronized void close() {
      if (--inside == 0) notifyAll();
    }

    @Override
    public void run() {
      boolean isInterrupted = false;
      synchronized (this) {
        isClosed = true;
        while (inside > 0) {
          try {
            wait();
          } catch (InterruptedException later) {
            isInterrupted = true;
          }
        }
      }
      Native.free(node, hooks);
      if (isInterrupted) Thread.currentThread().interrupt();
    }
  }
}
