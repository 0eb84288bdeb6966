// SPDX-License-Identifier: Apache-2.0
package io.understudy.tomcat;

import io.understudy.Header;
import io.understudy.Reply;
import io.understudy.servlet.Exchange;
import java.lang.reflect.Field;
import org.apache.catalina.connector.Response;
import org.apache.coyote.ActionCode;
import org.apache.coyote.ActionHook;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * For what Tomcat writes itself, past the response that the servlet has: the login page of its FORM
 * authenticator. It stands between Tomcat's response and its connector, and commits the session
 * when the response is about to be committed and that has not happened before. The SDK's headers
 * are added; of a reply in place of the page, only the status can be. Goes after the commit.
 */
final class CommitHook implements ActionHook {
  private static final Log LOG = LogFactory.getLog(CommitHook.class);
  private static final Field HOOK = hookOfResponse();

  private final Response response;
  private final Exchange exchange;
  private final ActionHook connector;

  private CommitHook(Response response, Exchange exchange, ActionHook connector) {
    this.response = response;
    this.exchange = exchange;
    this.connector = connector;
  }

  /** Tomcat has no public way to it; null: this Tomcat has none at all. */
  private static Field hookOfResponse() {
    try {
      Field field = org.apache.coyote.Response.class.getDeclaredField("hook");
      field.setAccessible(true);
      return field;
    } catch (ReflectiveOperationException | RuntimeException missing) {
      LOG.warn("login pages of Tomcat's own will lack the session's cookie: " + missing);
      return null;
    }
  }

  static void install(Response response, Exchange exchange) {
    if (HOOK == null) return;
    try {
      ActionHook connector = (ActionHook) HOOK.get(response.getCoyoteResponse());
      if (connector instanceof CommitHook) connector = ((CommitHook) connector).connector;
      HOOK.set(response.getCoyoteResponse(), new CommitHook(response, exchange, connector));
    } catch (IllegalAccessException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  @Override
  public void action(ActionCode code, Object parameter) {
    if (code == ActionCode.COMMIT) {
      remove();
      if (!exchange.isOver()) finish();
    }
    connector.action(code, parameter);
  }

  private void remove() {
    try {
      HOOK.set(response.getCoyoteResponse(), connector);
    } catch (IllegalAccessException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private void finish() {
    Reply reply = exchange.finishLate();
    if (!reply.isRelease()) response.setStatus(reply.status());
    for (Header header : reply.headers()) {
      if (!header.name().equalsIgnoreCase("Content-Type")) {
        response.addHeader(header.name(), header.value());
      }
    }
  }
}
