// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import io.understudy.Header;
import io.understudy.Reply;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;

/**
 * The response of a request with a session. Status and headers go to the container's response,
 * which is not committed yet; the body is held back. {@link #release} commits the session, adds the
 * SDK's headers and lets the body go, or sends the SDK's reply in its place.
 */
public final class ExchangeResponse extends HttpServletResponseWrapper {
  private final Exchange exchange;
  private final HttpServletRequest request;
  private final boolean defersErrors;
  private final Runnable beforeReplacing;
  private final BufferedBody body;
  private PrintWriter writer;
  private boolean isStreamUsed;
  private boolean isReleased;
  private boolean isRedirected;
  private boolean isMovingText;
  private int errorStatus;
  private String errorMessage;

  /**
   * @param defersErrors sendError() of the container comes after the commit; otherwise at once, for
   *     a container that does not send before the request returns
   * @param beforeReplacing readies the container's response for another answer
   */
  public ExchangeResponse(
      HttpServletResponse response,
      HttpServletRequest request,
      Exchange exchange,
      int limit,
      boolean defersErrors,
      Runnable beforeReplacing) {
    super(response);
    this.exchange = exchange;
    this.request = request;
    this.defersErrors = defersErrors;
    this.beforeReplacing = beforeReplacing;
    body = new BufferedBody(this, limit);
  }

  /** The servlet is done: the session is committed, and all of the response may go. */
  public void complete() throws IOException {
    release(true);
    moveText();
  }

  /** The container writes the body, an error's report. */
  public void forgetBody() {
    moveText();
    body.clear();
    body.end();
  }

  boolean isMovingText() {
    return isMovingText;
  }

  /** Once; later calls do nothing. */
  void release(boolean isWhole) throws IOException {
    if (isReleased) return;
    moveText();
    isReleased = true;
    boolean isAllThere = isWhole && errorStatus == 0;
    Recorded whole = isAllThere ? new Recorded(this, body.held()) : null;
    Reply reply = exchange.finish(whole);
    if (reply != null && !reply.isRelease()) {
      replace(reply);
      return;
    }
    if (reply != null) addHeaders(reply);
    if (errorStatus != 0) {
      body.end();
      sendDeferredError();
      return;
    }
    if (isWhole && body.size() > 0 && !containsHeader("Content-Length")) {
      super.setContentLength(body.size());
    }
    if (!isWhole || body.size() > 0) body.openTo(super.getOutputStream());
  }

  /** In an error page, whose container ends the response next, the body must go now. */
  void onBodyClosed() throws IOException {
    if (request.getDispatcherType() == DispatcherType.ERROR) release(true);
  }

  private void replace(Reply reply) throws IOException {
    body.end();
    beforeReplacing.run();
    super.setStatus(reply.status());
    addHeaders(reply);
    super.setContentLength(reply.body().length);
    if (reply.body().length > 0) super.getOutputStream().write(reply.body());
  }

  private void addHeaders(Reply reply) {
    for (Header header : reply.headers()) super.addHeader(header.name(), header.value());
  }

  /** What the writer holds goes into the body; its flush() is not the servlet's. */
  private void moveText() {
    if (writer == null) return;
    isMovingText = true;
    writer.flush();
    isMovingText = false;
  }

  private void sendDeferredError() throws IOException {
    if (errorMessage == null) {
      super.sendError(errorStatus);
    } else {
      super.sendError(errorStatus, errorMessage);
    }
  }

  // --- the body ----------------------------------------------------------------------------------

  @Override
  public ServletOutputStream getOutputStream() {
    if (writer != null) throw new IllegalStateException("getWriter() was called");
    isStreamUsed = true;
    return body;
  }

  @Override
  public PrintWriter getWriter() throws IOException {
    if (isStreamUsed) throw new IllegalStateException("getOutputStream() was called");
    if (writer == null) {
      String charset = getCharacterEncoding();
      if (charset == null) charset = "ISO-8859-1";
      super.setCharacterEncoding(charset);
      writer = new PrintWriter(new OutputStreamWriter(body, Charset.forName(charset)));
    }
    return writer;
  }

  @Override
  public void setCharacterEncoding(String charset) {
    if (writer == null) super.setCharacterEncoding(charset);
  }

  @Override
  public void setContentType(String type) {
    if (writer == null || type == null) {
      super.setContentType(type);
    } else {
      super.setContentType(type.split(";", 2)[0] + ";charset=" + getCharacterEncoding());
    }
  }

  @Override
  public int getBufferSize() {
    return body.limit();
  }

  @Override
  public void setBufferSize(int bytes) {
    if (isCommitted() || body.size() > 0) throw new IllegalStateException("the body has begun");
    body.raiseLimit(bytes);
  }

  @Override
  public void flushBuffer() throws IOException {
    release(false);
    moveText();
    super.flushBuffer();
  }

  @Override
  public boolean isCommitted() {
    return isReleased || isRedirected || errorStatus != 0 || super.isCommitted();
  }

  @Override
  public void reset() {
    checkNotCommitted();
    super.reset();
    clear();
  }

  @Override
  public void resetBuffer() {
    checkNotCommitted();
    super.resetBuffer();
    moveText();
    body.clear();
  }

  private void clear() {
    moveText();
    body.clear();
    writer = null;
    isStreamUsed = false;
  }

  // --- answers without a body --------------------------------------------------------------------

  @Override
  public void sendError(int status) throws IOException {
    sendError(status, null);
  }

  @Override
  public void sendError(int status, String message) throws IOException {
    checkNotCommitted();
    clear();
    if (defersErrors && !isReleased) {
      body.end();
      errorStatus = status;
      errorMessage = message;
    } else if (message == null) {
      super.sendError(status);
    } else {
      super.sendError(status, message);
    }
  }

  @Override
  public void sendRedirect(String location) throws IOException {
    checkNotCommitted();
    clear();
    super.resetBuffer();
    super.setStatus(SC_FOUND);
    super.setHeader("Location", location);
    body.end();
    isRedirected = true;
  }

  private void checkNotCommitted() {
    if (isCommitted()) throw new IllegalStateException("the response is committed");
  }
}
