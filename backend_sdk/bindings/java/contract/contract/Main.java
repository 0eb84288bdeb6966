// SPDX-License-Identifier: Apache-2.0
package contract;

import com.sun.net.httpserver.HttpServer;
import io.understudy.Node;
import io.understudy.Options;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The contract's application over the core classes and the JDK's HTTP server: a thread for each
 * request. {@code java -Djava.library.path=DIRECTORY -jar contract.jar a.conf}; SIGTERM drains.
 */
public final class Main {
  private static final int BACKLOG = 511;

  private Main() {}

  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 1) {
      System.err.println("usage: java -jar contract.jar FILE");
      System.exit(2);
    }
    // The JDK's server leaves Nagle's algorithm on, and idle connections for half a minute.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    System.setProperty("sun.net.httpserver.idleInterval", "300");
    System.setProperty("sun.net.httpserver.maxIdleConnections", "1000");
    Options options = Options.load(Path.of(arguments[0]));
    int colon = options.listen().lastIndexOf(':');
    String host = options.listen().substring(0, colon);
    int port = Integer.parseInt(options.listen().substring(colon + 1));
    HttpServer server = HttpServer.create(new InetSocketAddress(host, port), BACKLOG);
    Node node = Node.open(options);
    ExecutorService threads = Executors.newCachedThreadPool();
    server.setExecutor(threads);
    server.createContext("/", new Exchanges(node, Endpoints.all(node)));
    // The JVM's exit after a signal has status 143, so the hook ends the process itself.
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  node.drain();
                  System.err.println("contract " + options.memberName() + ": stopped");
                  Runtime.getRuntime().halt(0);
                }));
    server.start();
    System.err.println(
        "contract " + options.memberName() + ": serving on http://" + options.listen() + "/");
  }
}
