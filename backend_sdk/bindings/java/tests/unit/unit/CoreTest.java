// SPDX-License-Identifier: Apache-2.0
package unit;

import static unit.Main.equal;
import static unit.Main.holds;
import static unit.Main.thrown;

import io.understudy.Decision;
import io.understudy.Header;
import io.understudy.Hooks;
import io.understudy.Node;
import io.understudy.Options;
import io.understudy.Readiness;
import io.understudy.Reply;
import io.understudy.Request;
import io.understudy.Session;
import io.understudy.SessionRefusedException;
import io.understudy.UnderstudyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/** The core classes, with a library and a node that are real. */
public final class CoreTest {
  private static final byte[] BINARY = {0, 1, -1, 0, 'x'};

  @Promise("attributes of any bytes are kept, listed and removed")
  void attributes() throws Exception {
    try (Alone alone = new Alone()) {
      Session first = alone.begin();
      holds(first.isNew() && first.id().length() == 22, "a new session has an id");
      first.set("b", BINARY);
      first.set("ä", new byte[0]);
      equal(alone.finish(first).status(), 0);
      Session second = alone.begin();
      equal(second.id(), first.id());
      equal(second.get("b"), BINARY);
      equal(second.get("ä"), new byte[0]);
      equal(second.get("c"), null);
      equal(second.names(), List.of("b", "ä"));
      second.remove("b");
      equal(second.names(), List.of("ä"));
      alone.finish(second);
      equal(alone.begin().version(), second.version() + 1);
    }
  }

  @Promise("a session that was finished, closed or forgotten does nothing more")
  void closedSessions() throws Exception {
    try (Alone alone = new Alone()) {
      Session finished = alone.begin();
      finished.set("a", BINARY);
      alone.finish(finished);
      thrown(IllegalStateException.class, finished::finish);
      thrown(IllegalStateException.class, () -> finished.get("a"));
      thrown(IllegalStateException.class, finished::names);
      thrown(IllegalStateException.class, () -> finished.set("a", BINARY));
      thrown(IllegalStateException.class, () -> finished.remove("a"));
      thrown(IllegalStateException.class, finished::invalidate);
      thrown(IllegalStateException.class, finished::rotateId);
      thrown(IllegalStateException.class, finished::refusal);
      Session closed = alone.begin();
      closed.set("a", new byte[1]);
      closed.close();
      closed.close();
      thrown(IllegalStateException.class, closed::finish);
      equal(alone.begin().get("a"), BINARY);
    }
  }

  @Promise("a forgotten session is dropped when it is collected: its exclusivity goes on")
  void forgotten() throws Exception {
    try (Alone alone = new Alone()) {
      Session first = alone.begin();
      first.set("a", BINARY);
      alone.finish(first);
      forget(alone);
      CompletableFuture<Session> next =
          CompletableFuture.supplyAsync(
              () -> Alone.session(alone.node.begin(alone.request("POST").exclusive(true))));
      while (!next.isDone()) {
        System.gc();
        Thread.onSpinWait();
      }
      next.get(10, TimeUnit.SECONDS).close();
    }
  }

  private static void forget(Alone alone) {
    Alone.session(alone.node.begin(alone.request("POST").exclusive(true)));
  }

  @Promise("a closed node throws, and says that it is leaving")
  void closedNode() throws Exception {
    Alone alone = new Alone();
    Session session = alone.begin();
    alone.close();
    alone.node.close();
    equal(alone.node.readiness(), Readiness.LEAVING);
    thrown(IllegalStateException.class, alone::begin);
    thrown(IllegalStateException.class, alone.node::statistics);
    thrown(IllegalStateException.class, alone.node::metrics);
    thrown(IllegalStateException.class, alone.node::drain);
    thrown(IllegalStateException.class, session::finish);
    session.close();
  }

  @Promise("close() waits for the thread that is inside of a call")
  void closeWaits() throws Exception {
    Alone alone = new Alone();
    CompletableFuture<Boolean> inside =
        CompletableFuture.supplyAsync(
            () -> alone.node.waitReady(Readiness.PROTECTED, Duration.ofMillis(300)));
    alone.close();
    // Either it was inside, and close() has waited for it, or it came too late.
    try {
      equal(inside.get(10, TimeUnit.SECONDS), false);
    } catch (java.util.concurrent.ExecutionException late) {
      holds(late.getCause() instanceof IllegalStateException, late.toString());
    }
  }

  @Promise("login and logout: another id, then none")
  void loginAndLogout() throws Exception {
    try (Alone alone = new Alone()) {
      Session first = alone.begin();
      first.set("a", BINARY);
      String before = first.id();
      String now = first.rotateId();
      holds(!now.equals(before) && first.id().equals(now), "the id is another one");
      alone.finish(first);
      Session second = alone.begin();
      equal(second.id(), now);
      second.invalidate();
      equal(second.get("a"), null);
      alone.finish(second);
      holds(alone.begin().isNew(), "the session is gone");
    }
  }

  @Promise("a refused change fails the whole request with 500 and the reason")
  void refused() throws Exception {
    try (Alone alone = new Alone()) {
      Session session = alone.begin();
      session.set("good", BINARY);
      thrown(SessionRefusedException.class, () -> session.set("n".repeat(257), BINARY));
      holds(session.refusal().contains("name"), session.refusal());
      Reply reply = alone.finish(session);
      equal(reply.status(), 500);
      holds(new String(reply.body()).contains("name"), "the answer says why");
      equal(alone.begin().get("good"), null);
    }
  }

  @Promise("a stored answer is sent again without a session")
  void storedAnswer() throws Exception {
    try (Alone alone = new Alone()) {
      Session session = alone.begin();
      session.set("a", BINARY);
      alone.finish(session);
      Request request = alone.request("POST").header("Understudy-Request-Id", "00000000000000ab");
      Session once = Alone.session(alone.node.begin(request));
      once.set("a", new byte[1]);
      once.storeResponse(Reply.of(201, List.of(new Header("X-Kept", "yes")), BINARY));
      alone.finish(once);
      Decision again = alone.node.begin(request);
      equal(again.session(), null);
      equal(again.reply().status(), 201);
      equal(again.reply().body(), BINARY);
      holds(again.reply().headers().contains(new Header("X-Kept", "yes")), "its header");
    }
  }

  @Promise("a replayed request whose answer was not stored runs, and changes nothing")
  void replayed() throws Exception {
    try (Alone alone = new Alone()) {
      Session session = alone.begin();
      session.set("a", BINARY);
      alone.finish(session);
      Request request = alone.request("POST").header("Understudy-Request-Id", "00000000000000ac");
      Session once = Alone.session(alone.node.begin(request));
      holds(!once.isReplayed(), "the first time");
      once.set("a", new byte[1]);
      alone.finish(once);
      Session again = Alone.session(alone.node.begin(request));
      holds(again.isReplayed(), "the second time");
      again.set("a", new byte[2]);
      alone.finish(again);
      equal(alone.begin().get("a"), new byte[1]);
    }
  }

  @Promise("what is wrong with a configuration is said")
  void configuration() throws Exception {
    Path wrong = Alone.write("ClusterInsecure On\nHeartbeatInterval never\n");
    try {
      UnderstudyException said = thrown(UnderstudyException.class, () -> Options.load(wrong));
      equal(said.reason(), UnderstudyException.Reason.CONFIGURATION);
      holds(said.getMessage().contains("HeartbeatInterval"), said.getMessage());
    } finally {
      Files.delete(wrong);
    }
    thrown(UnderstudyException.class, () -> Options.load(Path.of("/no/such/file")));
  }

  @Promise("an option object that was closed opens no node")
  void closedOptions() throws Exception {
    Path file = Alone.write("ClusterInsecure On\n");
    Options options = Options.load(file);
    equal(options.memberName(), "a");
    options.close();
    Files.delete(file);
    thrown(RuntimeException.class, () -> Node.open(options));
  }

  @Promise("hooks and the log come, and what they throw stops nothing")
  void hooksAndLog() throws Exception {
    Queue<String> heard = new ConcurrentLinkedQueue<>();
    Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> heard.add(thrown.getMessage()));
    Node.setLog((severity, line) -> heard.add(severity + " " + line));
    Hooks hooks =
        new Hooks() {
          @Override
          public void onReadiness(Readiness readiness) {
            heard.add("hook " + readiness);
            throw new IllegalStateException("from the hook");
          }
        };
    try (Alone alone = new Alone(hooks)) {
      alone.finish(alone.begin());
      alone.node.drain();
    } finally {
      Node.setLog(null);
      Thread.setDefaultUncaughtExceptionHandler(null);
    }
    holds(heard.contains("hook JOINED"), heard.toString());
    holds(heard.contains("from the hook"), heard.toString());
    holds(heard.stream().anyMatch(line -> line.startsWith("NOTICE")), heard.toString());
  }

  @Promise("statistics and metrics count what was done, by many threads at once")
  void threads() throws Exception {
    try (Alone alone = new Alone()) {
      CompletableFuture<?>[] all = new CompletableFuture<?>[8];
      for (int i = 0; i < all.length; ++i) {
        all[i] =
            CompletableFuture.runAsync(
                () -> {
                  for (int round = 0; round < 200; ++round) {
                    Session session = Alone.session(alone.node.begin(new Request("GET", "/")));
                    session.set("a", BINARY);
                    equal(session.finish().status(), 0);
                  }
                });
      }
      CompletableFuture.allOf(all).get(60, TimeUnit.SECONDS);
      equal(alone.node.statistics().commits(), 1600L);
      equal(alone.node.statistics().sessionsPrimary(), 1600L);
      equal(alone.node.statistics().membersAlive(), 1L);
      holds(alone.node.metrics().contains("understudy_sessions_primary"), "metrics");
    }
  }

  @Promise("the answer to the proxy's question, and its news")
  void questions() throws Exception {
    try (Alone alone = new Alone()) {
      Decision view = alone.node.begin(new Request("GET", "/.understudy/view"));
      equal(view.reply().status(), 200);
      Request asks = alone.request("GET").header("Understudy-View-Seen", "0000000000000001");
      equal(alone.node.headersFor(asks).headers().get(0).name(), "Understudy-View");
    }
  }
}
