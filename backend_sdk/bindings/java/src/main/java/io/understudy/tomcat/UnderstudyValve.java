// SPDX-License-Identifier: Apache-2.0
package io.understudy.tomcat;

import io.understudy.Header;
import io.understudy.Node;
import io.understudy.Reply;
import io.understudy.servlet.Exchange;
import io.understudy.servlet.ExchangeRequest;
import io.understudy.servlet.ExchangeResponse;
import io.understudy.servlet.Member;
import jakarta.servlet.ServletException;
import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;

/**
 * Begins a request's session before all of the application (filters, servlets, error pages,
 * listeners) and finishes it before the first byte of the response. In the pipeline of the host,
 * where the manager puts it: inside of Tomcat's own report of errors, which commits the response.
 */
final class UnderstudyValve extends ValveBase {
  private final UnderstudyManager manager;

  UnderstudyValve(UnderstudyManager manager) {
    super(true);
    this.manager = manager;
  }

  @Override
  public void invoke(Request request, Response response) throws IOException, ServletException {
    String path = request.getRequestURI();
    if (path.startsWith(Member.QUESTIONS)) {
      Node node = manager.node();
      send(node == null ? manager.notYet() : manager.answer(request), response);
    } else if (request.getContext() != manager.getContext()) {
      getNext().invoke(request, response);
    } else if (request.getAttribute(Exchange.ATTRIBUTE) != null) { // dispatched again
      run((ExchangeRequest) request.getAttribute(Exchange.ATTRIBUTE), request, response);
    } else {
      begin(request, response);
    }
  }

  private void begin(Request request, Response response) throws IOException, ServletException {
    Node node = manager.node();
    if (node == null) {
      send(manager.notYet(), response);
      return;
    }
    if (manager.isUnprotected(request)) {
      add(node.headersFor(Exchange.sdkRequest(request)), response);
      getNext().invoke(request, response);
      return;
    }
    Exchange.Begun begun = manager.begin(node, request);
    if (begun.reply() != null) {
      send(begun.reply(), response);
      return;
    }
    Exchange exchange = begun.exchange();
    ExchangeRequest with =
        new ExchangeRequest(
            request.getRequest(), exchange, manager.source(), manager.getSessionCookie());
    with.setResponse(
        new ExchangeResponse(
            response.getResponse(),
            with,
            exchange,
            manager.getResponseBuffer(),
            false,
            () -> ready(response)));
    request.setAttribute(Exchange.ATTRIBUTE, with);
    request.setRequest(with);
    response.setResponse(with.response());
    CommitHook.install(response, exchange);
    if (exchange.exists()) {
      request.setRequestedSessionId(exchange.id());
      request.setRequestedSessionCookie(true);
      if (exchange.isExpired()) manager.expire(exchange);
    }
    run(with, request, response);
  }

  private void run(ExchangeRequest with, Request request, Response response)
      throws IOException, ServletException {
    Exchange exchange = with.exchange();
    Exchange outer = manager.enter(exchange);
    boolean isDone = false;
    try {
      getNext().invoke(request, response);
      isDone = true;
    } finally {
      manager.leave(outer);
      if (!isDone) exchange.drop();
    }
    if (request.isAsync()) return; // complete() or another dispatch ends it
    if (response.isErrorReportRequired()) with.response().forgetBody();
    with.response().complete();
  }

  /** Whatever Tomcat had in mind for this response, another one is sent. */
  private static void ready(Response response) {
    response.setSuspended(false);
    response.setErrorReported();
    response.reset();
  }

  private static void send(Reply reply, Response response) throws IOException {
    response.setStatus(reply.status());
    add(reply, response);
    response.setContentLength(reply.body().length);
    response.getOutputStream().write(reply.body());
  }

  private static void add(Reply reply, Response response) {
    for (Header header : reply.headers()) response.addHeader(header.name(), header.value());
  }
}
