// SPDX-License-Identifier: Apache-2.0
package probe;

import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import java.io.Serializable;

/** A value that listens: it is told when it is bound, and when it goes to and comes from bytes. */
public final class Connection
    implements HttpSessionBindingListener, HttpSessionActivationListener, Serializable {
  private static final long serialVersionUID = 1;

  @Override
  public void valueBound(HttpSessionBindingEvent event) {
    Heard.note("bound");
  }

  @Override
  public void valueUnbound(HttpSessionBindingEvent event) {
    Heard.note("unbound");
  }

  @Override
  public void sessionWillPassivate(HttpSessionEvent event) {
    Heard.note("passivate");
  }

  @Override
  public void sessionDidActivate(HttpSessionEvent event) {
    Heard.note("activate");
  }
}
