// SPDX-License-Identifier: Apache-2.0
package probe;

import jakarta.servlet.annotation.WebListener;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.ArrayList;
import java.util.List;

/** Writes down what the container tells: the test asks for it at /probe?do=heard. */
@WebListener
public final class Heard
    implements HttpSessionListener, HttpSessionAttributeListener, HttpSessionIdListener {
  private static final List<String> EVENTS = new ArrayList<>();

  static void note(String event) {
    synchronized (EVENTS) {
      EVENTS.add(event);
    }
  }

  /** Since the last call. */
  static String take() {
    synchronized (EVENTS) {
      String all = String.join(" ", EVENTS);
      EVENTS.clear();
      return all;
    }
  }

  @Override
  public void sessionCreated(HttpSessionEvent event) {
    note("created");
  }

  @Override
  public void sessionDestroyed(HttpSessionEvent event) {
    note("destroyed:" + event.getSession().getAttribute("text"));
  }

  @Override
  public void sessionIdChanged(HttpSessionEvent event, String before) {
    note("id:" + !event.getSession().getId().equals(before));
  }

  @Override
  public void attributeAdded(HttpSessionBindingEvent event) {
    note("added:" + event.getName());
  }

  @Override
  public void attributeRemoved(HttpSessionBindingEvent event) {
    note("removed:" + event.getName());
  }

  @Override
  public void attributeReplaced(HttpSessionBindingEvent event) {
    note("replaced:" + event.getName() + "=" + event.getValue());
  }
}
