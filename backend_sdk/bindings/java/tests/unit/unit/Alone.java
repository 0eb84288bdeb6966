// SPDX-License-Identifier: Apache-2.0
package unit;

import io.understudy.Decision;
import io.understudy.Header;
import io.understudy.Hooks;
import io.understudy.Node;
import io.understudy.Options;
import io.understudy.Readiness;
import io.understudy.Reply;
import io.understudy.Request;
import io.understudy.Session;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A member that is alone in its cluster: its sessions have no copy, and are served all the same.
 */
public final class Alone implements AutoCloseable {
  private final Path file;
  public final Node node;
  private String cookie;

  public Alone(Hooks hooks) throws IOException {
    file = write("ClusterInsecure On\nHeartbeatInterval 20ms\n");
    try (Options options = Options.load(file)) {
      node = Node.open(options, hooks);
    }
    Main.holds(node.waitReady(Readiness.JOINED, Duration.ofSeconds(20)), "it does not join");
  }

  public Alone() throws IOException {
    this(new Hooks() {});
  }

  public static Path write(String lines) throws IOException {
    Path file = Files.createTempFile("understudy", ".conf");
    Files.writeString(
        file,
        "MemberName a\nListen 127.0.0.1:7001\nClusterListen 127.0.0.1:" + port() + "\n" + lines);
    return file;
  }

  /** Free for TCP and UDP a moment ago. */
  private static int port() throws IOException {
    while (true) {
      try (ServerSocket tcp = new ServerSocket(0)) {
        new DatagramSocket(tcp.getLocalPort()).close();
        return tcp.getLocalPort();
      } catch (BindException taken) {
        continue; // by another's UDP
      }
    }
  }

  public Request request(String method) {
    Request request = new Request(method, "/");
    if (cookie != null) request.header("Cookie", cookie);
    return request;
  }

  /** The session of the cookie that was kept last. */
  public Session begin() {
    return session(node.begin(request("GET")));
  }

  public static Session session(Decision decision) {
    Main.equal(decision.reply(), null);
    return decision.session();
  }

  /** Finishes, and keeps the cookie as a browser does. */
  public Reply finish(Session session) {
    Reply reply = session.finish();
    for (Header each : reply.headers()) {
      if (each.name().equalsIgnoreCase("Set-Cookie")) cookie = each.value().split(";")[0];
    }
    return reply;
  }

  @Override
  public void close() throws IOException {
    node.close();
    Files.deleteIfExists(file);
  }
}
