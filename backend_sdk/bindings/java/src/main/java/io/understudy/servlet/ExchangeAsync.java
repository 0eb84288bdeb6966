// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import java.io.IOException;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * An asynchronous request: complete() commits the session, on the thread that calls it, before the
 * response goes. One that ends otherwise (its time is over, its client is gone) commits nothing.
 */
final class ExchangeAsync implements AsyncContext {
  private static final Logger LOG = Logger.getLogger(ExchangeAsync.class.getName());

  private final AsyncContext its;
  private final ExchangeRequest request;

  ExchangeAsync(AsyncContext its, ExchangeRequest request) {
    this.its = its;
    this.request = request;
    if (request.getAttribute(ExchangeAsync.class.getName()) == null) {
      request.setAttribute(ExchangeAsync.class.getName(), Boolean.TRUE);
      its.addListener(new DropUnfinished(request.exchange()));
    }
  }

  @Override
  public void complete() {
    try {
      request.response().complete();
    } catch (IOException gone) {
      LOG.log(Level.FINE, "the response could not be sent", gone);
    }
    its.complete();
  }

  @Override
  public void dispatch() {
    its.dispatch();
  }

  @Override
  public void dispatch(String path) {
    its.dispatch(path);
  }

  @Override
  public void dispatch(ServletContext context, String path) {
    its.dispatch(context, path);
  }

  @Override
  public ServletRequest getRequest() {
    return its.getRequest();
  }

  @Override
  public ServletResponse getResponse() {
    return its.getResponse();
  }

  @Override
  public boolean hasOriginalRequestAndResponse() {
    return its.hasOriginalRequestAndResponse();
  }

  @Override
  public void start(Runnable work) {
    its.start(work);
  }

  @Override
  public void addListener(AsyncListener listener) {
    its.addListener(listener);
  }

  @Override
  public void addListener(AsyncListener listener, ServletRequest with, ServletResponse to) {
    its.addListener(listener, with, to);
  }

  @Override
  public <T extends AsyncListener> T createListener(Class<T> type) throws ServletException {
    return its.createListener(type);
  }

  @Override
  public void setTimeout(long milliseconds) {
    its.setTimeout(milliseconds);
  }

  @Override
  public long getTimeout() {
    return its.getTimeout();
  }

  private static final class DropUnfinished implements AsyncListener {
    private final Exchange exchange;

    DropUnfinished(Exchange exchange) {
      this.exchange = exchange;
    }

    @Override
    public void onComplete(AsyncEvent event) {
      if (!exchange.isOver()) exchange.drop();
    }

    @Override
    public void onTimeout(AsyncEvent event) {
      // The container ends it with an error, or a listener of the application completes it.
    }

    @Override
    public void onError(AsyncEvent event) {
      // As onTimeout.
    }

    @Override
    public void onStartAsync(AsyncEvent event) {
      event.getAsyncContext().addListener(this);
    }
  }
}
