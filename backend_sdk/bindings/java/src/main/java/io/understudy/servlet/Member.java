// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import io.understudy.Hooks;
import io.understudy.Node;
import io.understudy.Options;
import io.understudy.Readiness;
import io.understudy.Reply;
import io.understudy.Severity;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The node of one application in this process: opened when it starts, drained and closed when it
 * stops. A configuration is one member's, so a second application with the same one is refused. Any
 * thread.
 */
public final class Member {
  /** Paths that begin with it are the proxy's questions to the SDK. */
  public static final String QUESTIONS = "/.understudy/";

  private static final Logger LOG = Logger.getLogger(Member.class.getName());
  private static final Set<Path> OPEN = new HashSet<>();

  private final Path configuration;
  private final Options options;
  private volatile Node node;

  private Member(Path configuration, Options options) {
    this.configuration = configuration;
    this.options = options;
  }

  /**
   * Reads the configuration; {@link #open} does the rest.
   *
   * @param logs whether the SDK's log goes to java.util.logging, in place of ErrorLog
   * @throws io.understudy.UnderstudyException the configuration is wrong
   * @throws IllegalStateException another application of this process has it
   */
  public static Member of(Path file, boolean logs) {
    Path configuration = file.toAbsolutePath().normalize();
    Options options = Options.load(configuration);
    synchronized (OPEN) {
      if (!OPEN.add(configuration)) {
        options.close();
        throw new IllegalStateException(
            configuration + " is used by another application; each one is a member of its own");
      }
    }
    if (logs) Node.setLog(Member::log);
    return new Member(configuration, options);
  }

  /** Begins to join. */
  public void open() {
    node =
        Node.open(
            options,
            new Hooks() {
              @Override
              public void onReadiness(Readiness readiness) {
                LOG.log(Level.INFO, "member {0} is {1}", new Object[] {name(), readiness});
              }
            });
  }

  public String name() {
    return options.memberName();
  }

  /** Where the proxy reaches the container: one of its connectors. */
  public String listen() {
    return options.listen();
  }

  /** Null before {@link #open} and after {@link #close}. */
  public Node node() {
    return node;
  }

  /** The answer to a question of the proxy's. */
  public Reply answer(HttpServletRequest question) {
    return node.begin(Exchange.sdkRequest(question)).reply();
  }

  /** Hands each session to its secondary (DrainTimeout at most), and leaves. */
  public void close() {
    Node its = node;
    node = null;
    if (its != null) {
      its.drain();
      its.close();
    }
    options.close();
    synchronized (OPEN) {
      OPEN.remove(configuration);
    }
  }

  private static void log(Severity severity, String line) {
    Thread thread = Thread.currentThread();
    if (thread.getContextClassLoader() == null) { // a thread of the library's
      thread.setContextClassLoader(Member.class.getClassLoader());
    }
    Logger.getLogger("io.understudy.node").log(level(severity), line);
  }

  private static Level level(Severity severity) {
    switch (severity) {
      case TRACE:
        return Level.FINER;
      case DEBUG:
        return Level.FINE;
      case WARN:
        return Level.WARNING;
      case ERROR:
        return Level.SEVERE;
      default:
        return Level.INFO;
    }
  }
}
