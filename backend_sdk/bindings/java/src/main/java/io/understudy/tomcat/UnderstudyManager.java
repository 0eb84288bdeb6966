// SPDX-License-Identifier: Apache-2.0
package io.understudy.tomcat;

import io.understudy.Header;
import io.understudy.Node;
import io.understudy.Reply;
import io.understudy.servlet.Exchange;
import io.understudy.servlet.ExchangeRequest;
import io.understudy.servlet.Member;
import io.understudy.servlet.ValueCodec;
import jakarta.servlet.SessionTrackingMode;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.io.File;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.catalina.Context;
import org.apache.catalina.Engine;
import org.apache.catalina.Host;
import org.apache.catalina.Lifecycle;
import org.apache.catalina.LifecycleEvent;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.LifecycleListener;
import org.apache.catalina.LifecycleState;
import org.apache.catalina.Server;
import org.apache.catalina.Session;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.connector.Request;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * Tomcat's sessions in the SDK's hands, in place of DeltaManager or BackupManager:
 *
 * <pre>{@code
 * <Manager className="io.understudy.tomcat.UnderstudyManager" configuration="conf/member.conf"/>
 * }</pre>
 *
 * in the Context. It puts a valve into the host's pipeline and opens the member when the server has
 * started, so that requests find a connector. Sessions are a request's own objects; what is shared
 * is what was committed. README.md has all attributes and limits.
 */
public final class UnderstudyManager extends ConfiguredManager {
  private static final Log LOG = LogFactory.getLog(UnderstudyManager.class);
  private static final String NAME = "UnderstudyManager";

  private final ThreadLocal<Exchange> current = new ThreadLocal<>();
  private final Sessions sessions = new Sessions();
  private final AtomicLong created = new AtomicLong();
  private final ValueCodec loginCodec = new ValueCodec(ValueCodec.FILTER_DEFAULT, null);
  private ValueCodec codec;
  private Member member;
  private UnderstudyValve valve;

  @Override
  public String getName() {
    return NAME;
  }

  // --- life --------------------------------------------------------------------------------------

  @Override
  protected void startInternal() throws LifecycleException {
    super.startInternal();
    settings().setNames(getSessionAttributeNameFilter());
    settings().setClassNames(getSessionAttributeValueClassNameFilter());
    codec = settings().codec();
    String configuration = getConfiguration();
    if (configuration == null) {
      throw new LifecycleException(NAME + " needs the attribute configuration");
    }
    File file = new File(configuration);
    if (!file.isAbsolute()) file = new File(getEngine().getCatalinaBase(), configuration);
    try {
      member = Member.of(file.toPath(), getLog());
    } catch (RuntimeException | UnsatisfiedLinkError wrong) {
      throw new LifecycleException(NAME + ": " + wrong.getMessage(), wrong);
    }
    // The SDK reads and writes the cookie; Tomcat writes none, and no id into URLs.
    getContext().getServletContext().setSessionTrackingModes(
        EnumSet.noneOf(SessionTrackingMode.class));
    valve = new UnderstudyValve(this);
    host().getPipeline().addValve(valve);
    openWhenStarted();
    setState(LifecycleState.STARTING);
  }

  /** The proxies hear of this member from then on, so its connectors must be there. */
  private void openWhenStarted() {
    Server server = getEngine().getService().getServer();
    if (server == null || server.getState().equals(LifecycleState.STARTED)) {
      open();
      return;
    }
    server.addLifecycleListener(
        new LifecycleListener() {
          @Override
          public void lifecycleEvent(LifecycleEvent event) {
            if (!event.getType().equals(Lifecycle.AFTER_START_EVENT)) return;
            if (getState().isAvailable()) open();
          }
        });
  }

  private void open() {
    try {
      member.open();
    } catch (RuntimeException failed) {
      LOG.error("member " + member.name() + " is not in the cluster: " + failed.getMessage());
      return;
    }
    String port = member.listen().substring(member.listen().lastIndexOf(':') + 1);
    for (Connector connector : getEngine().getService().findConnectors()) {
      if (port.equals(String.valueOf(connector.getLocalPort()))) return;
    }
    LOG.warn(
        "member " + member.name() + ": no Connector has the port of Listen " + member.listen());
  }

  @Override
  protected void stopInternal() throws LifecycleException {
    setState(LifecycleState.STOPPING);
    if (member != null) member.close();
    if (valve != null) host().getPipeline().removeValve(valve);
    member = null;
    valve = null;
    super.stopInternal();
  }

  private Host host() {
    return (Host) getContext().getParent();
  }

  // --- for the valve -----------------------------------------------------------------------------

  /** Null: the member is not open. */
  Node node() {
    Member its = member;
    return its == null ? null : its.node();
  }

  Reply answer(HttpServletRequest question) {
    return member.answer(question);
  }

  Reply notYet() {
    return Reply.of(
        503,
        List.of(new Header("Content-Type", "text/plain"), new Header("Retry-After", "1")),
        "This member cannot serve the session now: it is starting or has stopped.\n"
            .getBytes(StandardCharsets.US_ASCII));
  }

  boolean isUnprotected(Request request) {
    String path = request.getRequestURI().substring(getContext().getPath().length());
    return settings().isUnprotected(path);
  }

  Exchange.Begun begin(Node node, Request request) {
    return Exchange.begin(
        node,
        settings(),
        codec,
        request,
        getContext().getLoader().getClassLoader(),
        maxInactiveSeconds(),
        exchange -> sessionOf(exchange).getSession());
  }

  ExchangeRequest.Source source() {
    return sessions;
  }

  /** The exchange of this thread's request; gives the one that was before. */
  Exchange enter(Exchange exchange) {
    Exchange outer = current.get();
    current.set(exchange);
    return outer;
  }

  void leave(Exchange outer) {
    if (outer == null) {
      current.remove();
    } else {
      current.set(outer);
    }
  }

  void expire(Exchange exchange) {
    sessionOf(exchange).expire(true);
  }

  private int maxInactiveSeconds() {
    return getContext().getSessionTimeout() * 60;
  }

  private UnderstudySession sessionOf(Exchange exchange) {
    UnderstudySession its = (UnderstudySession) exchange.face();
    if (its == null) {
      its = new UnderstudySession(this, exchange);
      exchange.setFace(its);
    }
    return its;
  }

  Serializable readLogin(byte[] bytes) {
    try {
      return (Serializable) loginCodec.decode(bytes, UnderstudyManager.class.getClassLoader());
    } catch (IOException | ClassNotFoundException | RuntimeException unreadable) {
      LOG.warn("a login cannot be read, its user has to log in again: " + unreadable);
      return null;
    }
  }

  byte[] writeLogin(Serializable login) {
    try {
      return loginCodec.encode(login);
    } catch (IOException | RuntimeException unwritable) {
      LOG.warn("a login is kept for its request only: " + unwritable);
      return null;
    }
  }

  // --- Tomcat's manager --------------------------------------------------------------------------

  @Override
  public Session createSession(String ignored) {
    Exchange exchange = current.get();
    if (exchange == null) {
      throw new IllegalStateException("a session belongs to a request that is under way");
    }
    exchange.create(maxInactiveSeconds());
    UnderstudySession its = sessionOf(exchange);
    created.incrementAndGet();
    its.tellNew();
    return its;
  }

  @Override
  public Session findSession(String id) {
    Exchange exchange = current.get();
    boolean isIts = exchange != null && exchange.exists() && exchange.id().equals(id);
    return isIts ? sessionOf(exchange) : null;
  }

  /** Only those of requests could be named, and each request knows its own. */
  @Override
  public Session[] findSessions() {
    return new Session[0];
  }

  @Override
  public void add(Session session) {
    // There is no table.
  }

  @Override
  public void remove(Session session, boolean isExpired) {
    if (isExpired) ((UnderstudySession) session).exchange().invalidate();
  }

  @Override
  public String rotateSessionId(Session session) {
    String before = session.getIdInternal();
    String now = ((UnderstudySession) session).exchange().rotateId();
    session.setId(now, false);
    session.tellChangedSessionId(now, before, true, true);
    return now;
  }

  /** The SDK draws the ids, so the given one is not taken. */
  @Override
  public void changeSessionId(Session session, String ignored) {
    rotateSessionId(session);
  }

  @Override
  public long getSessionCounter() {
    return created.get();
  }

  @Override
  public void setSessionCounter(long count) {
    created.set(count);
  }

  /** Sessions that this member serves as primary. */
  @Override
  public int getActiveSessions() {
    Node its = node();
    return its == null ? 0 : (int) its.statistics().sessionsPrimary();
  }

  @Override
  public boolean willAttributeDistribute(String name, Object value) {
    return isStorable(name, value) && super.willAttributeDistribute(name, value);
  }

  /** What the name filter leaves out may be anything: it lives as long as its request. */
  boolean isStorable(String name, Object value) {
    return !settings().isKept(name) || (value instanceof Serializable && codec.isAllowed(value));
  }

  @Override
  public void processExpires() {
    // The SDK's SessionTimeout ends sessions.
  }

  @Override
  public void load() {
    // Sessions come from the cluster.
  }

  @Override
  public void unload() {
    // They stay in it.
  }

  /** Tomcat's request finds its session by findSession() and createSession(), on this thread. */
  private final class Sessions implements ExchangeRequest.Source {
    @Override
    public HttpSession session(Exchange exchange, HttpServletRequest original, boolean isWanted) {
      Exchange outer = enter(exchange);
      try {
        return original.getSession(isWanted);
      } finally {
        leave(outer);
      }
    }

    @Override
    public String changeId(Exchange exchange, HttpServletRequest original) {
      Exchange outer = enter(exchange);
      try {
        return original.changeSessionId();
      } finally {
        leave(outer);
      }
    }

    @Override
    public <T> T within(Exchange exchange, Callable<T> work) throws Exception {
      Exchange outer = enter(exchange);
      try {
        return work.call();
      } finally {
        leave(outer);
      }
    }
  }
}
