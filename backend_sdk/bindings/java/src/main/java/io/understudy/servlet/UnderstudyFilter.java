// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import io.understudy.Header;
import io.understudy.Reply;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EventListener;
import java.util.concurrent.Callable;

/**
 * Sessions of the SDK in a container without a manager of ours: the first filter of the
 * application, for {@code /*}, with async-supported, for the dispatches REQUEST, ASYNC and ERROR.
 * What {@code request.getSession()} gives behind it is kept by the cluster; the container makes no
 * session and no cookie. Parameters: {@code configuration} (a member's file) and what {@link
 * Settings} has, under the names of the Manager's attributes; {@code listeners}: class names, in
 * place of the container's, which are not told.
 */
public final class UnderstudyFilter implements Filter {
  private final Settings settings = new Settings();
  private final Listeners listeners = new Listeners();
  private final Sessions sessions = new Sessions();
  private ValueCodec codec;
  private Member member;
  private ServletContext context;
  private int maxInactiveSeconds;

  @Override
  public void init(FilterConfig config) throws ServletException {
    context = config.getServletContext();
    maxInactiveSeconds = context.getSessionTimeout() * 60;
    String configuration = config.getInitParameter("configuration");
    if (configuration == null) {
      throw new ServletException("UnderstudyFilter needs the parameter configuration");
    }
    try {
      fill(config);
      codec = settings.codec();
      member = Member.of(Path.of(configuration), !"false".equals(config.getInitParameter("log")));
      member.open();
    } catch (RuntimeException | ReflectiveOperationException wrong) {
      throw new ServletException("UnderstudyFilter: " + wrong.getMessage(), wrong);
    }
  }

  private void fill(FilterConfig config) throws ReflectiveOperationException {
    String value = config.getInitParameter("exclusiveRequests");
    if (value != null) settings.setExclusive(value);
    value = config.getInitParameter("storeResponses");
    if (value != null) settings.setStoreResponses(value);
    value = config.getInitParameter("responseBuffer");
    if (value != null) settings.setResponseBuffer(Integer.parseInt(value));
    value = config.getInitParameter("compareReadAttributes");
    if (value != null) settings.setComparesRead(Boolean.parseBoolean(value));
    value = config.getInitParameter("objectInputFilter");
    if (value != null) settings.setObjectFilter(value);
    value = config.getInitParameter("sessionCookie");
    if (value != null) settings.setSessionCookie(value);
    settings.setUnprotected(config.getInitParameter("unprotected"));
    settings.setNames(config.getInitParameter("sessionAttributeNameFilter"));
    settings.setClassNames(config.getInitParameter("sessionAttributeValueClassNameFilter"));
    value = config.getInitParameter("listeners");
    for (String name : value == null ? new String[0] : value.trim().split("[\\s,]+")) {
      Class<?> type = Class.forName(name, true, context.getClassLoader());
      listeners.add((EventListener) type.getConstructor().newInstance());
    }
  }

  @Override
  public void destroy() {
    if (member != null) member.close();
  }

  @Override
  public void doFilter(ServletRequest any, ServletResponse to, FilterChain chain)
      throws IOException, ServletException {
    HttpServletRequest request = (HttpServletRequest) any;
    HttpServletResponse response = (HttpServletResponse) to;
    Object known = request.getAttribute(Exchange.ATTRIBUTE);
    if (known != null) { // dispatched again
      ExchangeRequest first = (ExchangeRequest) known;
      if (first.exchange().isOver()) { // an error page, which may read
        chain.doFilter(wrap(request, first.exchange()), response);
      } else {
        run(first, request, response, chain);
      }
    } else if (request.getRequestURI().startsWith(Member.QUESTIONS)) {
      send(member.answer(request), response);
    } else if (settings.isUnprotected(path(request))) {
      for (Header each : member.node().headersFor(Exchange.sdkRequest(request)).headers()) {
        response.addHeader(each.name(), each.value());
      }
      chain.doFilter(request, response);
    } else {
      begin(request, response, chain);
    }
  }

  private static String path(HttpServletRequest request) {
    return request.getRequestURI().substring(request.getContextPath().length());
  }

  private void begin(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    Exchange.Begun begun =
        Exchange.begin(
            member.node(),
            settings,
            codec,
            request,
            context.getClassLoader(),
            maxInactiveSeconds,
            exchange -> sessions.session(exchange, request, true));
    if (begun.reply() != null) {
      send(begun.reply(), response);
      return;
    }
    Exchange exchange = begun.exchange();
    if (exchange.isExpired()) sessions.session(exchange, request, false).invalidate();
    ExchangeRequest with = wrap(request, exchange);
    with.setResponse(
        new ExchangeResponse(
            response, with, exchange, settings.responseBuffer(), true, response::reset));
    request.setAttribute(Exchange.ATTRIBUTE, with);
    run(with, with, with.response(), chain);
  }

  private ExchangeRequest wrap(HttpServletRequest request, Exchange exchange) {
    return new ExchangeRequest(request, exchange, sessions, settings.sessionCookie());
  }

  private void run(
      ExchangeRequest with,
      HttpServletRequest request,
      HttpServletResponse response,
      FilterChain chain)
      throws IOException, ServletException {
    boolean isDone = false;
    try {
      chain.doFilter(request, response);
      isDone = true;
    } finally {
      if (!isDone) with.exchange().drop();
    }
    if (!request.isAsyncStarted()) with.response().complete();
  }

  private static void send(Reply reply, HttpServletResponse response) throws IOException {
    response.setStatus(reply.status());
    for (Header each : reply.headers()) response.addHeader(each.name(), each.value());
    response.setContentLength(reply.body().length);
    response.getOutputStream().write(reply.body());
  }

  private final class Sessions implements ExchangeRequest.Source {
    @Override
    public HttpSession session(Exchange exchange, HttpServletRequest original, boolean isWanted) {
      StoredSession its = (StoredSession) exchange.face();
      if (its != null && its.isValid()) return its;
      boolean isMade = !exchange.exists();
      if (isMade && !isWanted) return null;
      exchange.create(maxInactiveSeconds);
      its = new StoredSession(exchange, context, listeners);
      exchange.setFace(its);
      if (isMade) listeners.created(its);
      return its;
    }

    @Override
    public String changeId(Exchange exchange, HttpServletRequest original) {
      String before = exchange.id();
      String now = exchange.rotateId();
      listeners.idChanged(session(exchange, original, true), before);
      return now;
    }

    @Override
    public <T> T within(Exchange exchange, Callable<T> work) throws Exception {
      return work.call();
    }
  }
}
