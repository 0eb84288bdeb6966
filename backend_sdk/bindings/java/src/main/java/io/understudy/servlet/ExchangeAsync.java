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
 * response goes. One that fails (its time is over, it throws) and that no listener of the
 * application answers, commits nothing.
 */
final class ExchangeAsync implements AsyncContext {
  private static final Logger LOG = Logger.getLogger(ExchangeAsync.class.getName());

  private static final int FAILED = 500;

  private final AsyncContext its;
  private final ExchangeRequest request;

  ExchangeAsync(AsyncContext its, ExchangeRequest request) {
    this.its = its;
    this.request = request;
    if (request.getAttribute(ExchangeAsync.class.getName()) == null) {
      request.setAttribute(ExchangeAsync.class.getName(), Boolean.TRUE);
      its.addListener(new AtEnd(request));
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

  /** For a request that ends without our complete(): a dispatch does, and what has failed. */
  private static final class AtEnd implements AsyncListener {
    private final ExchangeRequest request;
    private boolean hasFailed;

    AtEnd(ExchangeRequest request) {
      this.request = request;
    }

    @Override
    public void onComplete(AsyncEvent event) throws IOException {
      if (request.exchange().isOver()) return;
      if (hasFailed && request.response().getStatus() >= FAILED) {
        request.exchange().drop();
      } else {
        request.response().complete();
      }
    }

    @Override
    public void onTimeout(AsyncEvent event) {
      hasFailed = true;
    }

    @Override
    public void onError(AsyncEvent event) {
      hasFailed = true;
    }

    @Override
    public void onStartAsync(AsyncEvent event) {
      event.getAsyncContext().addListener(this);
    }
  }
}
