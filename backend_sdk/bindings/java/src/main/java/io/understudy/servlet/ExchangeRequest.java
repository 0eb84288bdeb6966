// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.util.concurrent.Callable;

/** A request whose session is the exchange's. */
public final class ExchangeRequest extends HttpServletRequestWrapper {
  /** Where the sessions come from: the container's manager, or the filter. */
  public interface Source {
    /** Null when there is none and none is wanted. */
    HttpSession session(Exchange exchange, HttpServletRequest original, boolean isWanted);

    /** Gives the new id. */
    String changeId(Exchange exchange, HttpServletRequest original);

    /** Runs what may ask the container for the session by itself. */
    <T> T within(Exchange exchange, Callable<T> work) throws Exception;
  }

  private final Exchange exchange;
  private final Source source;
  private final String cookie;
  private ExchangeResponse response;

  public ExchangeRequest(
      HttpServletRequest request, Exchange exchange, Source source, String cookie) {
    super(request);
    this.exchange = exchange;
    this.source = source;
    this.cookie = cookie;
  }

  /** Before the request runs. */
  public void setResponse(ExchangeResponse its) {
    response = its;
  }

  public ExchangeResponse response() {
    return response;
  }

  public Exchange exchange() {
    return exchange;
  }

  private HttpServletRequest original() {
    return (HttpServletRequest) getRequest();
  }

  @Override
  public HttpSession getSession() {
    return getSession(true);
  }

  @Override
  public HttpSession getSession(boolean isWanted) {
    return source.session(exchange, original(), isWanted);
  }

  @Override
  public String changeSessionId() {
    if (!exchange.exists()) throw new IllegalStateException("there is no session");
    return source.changeId(exchange, original());
  }

  @Override
  public String getRequestedSessionId() {
    if (exchange.requestedId() != null) return exchange.requestedId();
    Cookie[] cookies = getCookies();
    if (cookies == null) return null;
    for (Cookie each : cookies) {
      if (each.getName().equals(cookie)) return each.getValue();
    }
    return null;
  }

  @Override
  public boolean isRequestedSessionIdValid() {
    return exchange.requestedId() != null
        && exchange.exists()
        && exchange.requestedId().equals(exchange.id());
  }

  @Override
  public boolean isRequestedSessionIdFromCookie() {
    return getRequestedSessionId() != null;
  }

  @Override
  public boolean isRequestedSessionIdFromURL() {
    return false;
  }

  // --- who has logged in -------------------------------------------------------------------------

  @Override
  public boolean authenticate(HttpServletResponse to) throws IOException, ServletException {
    return within(() -> super.authenticate(to));
  }

  @Override
  public void login(String user, String password) throws ServletException {
    try {
      within(
          () -> {
            super.login(user, password);
            return null;
          });
    } catch (IOException impossible) {
      throw new ServletException(impossible);
    }
  }

  @Override
  public void logout() throws ServletException {
    try {
      within(
          () -> {
            super.logout();
            return null;
          });
    } catch (IOException impossible) {
      throw new ServletException(impossible);
    }
  }

  private <T> T within(Callable<T> work) throws IOException, ServletException {
    try {
      return source.within(exchange, work);
    } catch (IOException | ServletException | RuntimeException known) {
      throw known;
    } catch (Exception other) {
      throw new ServletException(other);
    }
  }

  // --- asynchronous ------------------------------------------------------------------------------

  @Override
  public AsyncContext startAsync() {
    return new ExchangeAsync(super.startAsync(this, response), this);
  }

  @Override
  public AsyncContext startAsync(ServletRequest request, ServletResponse to) {
    return new ExchangeAsync(super.startAsync(request, to), this);
  }

  @Override
  public AsyncContext getAsyncContext() {
    return new ExchangeAsync(super.getAsyncContext(), this);
  }
}
