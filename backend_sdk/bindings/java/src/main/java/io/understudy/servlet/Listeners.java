// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionBindingListener;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.ArrayList;
import java.util.EventListener;
import java.util.List;
import java.util.function.BiConsumer;

/** Who is told of the filter's sessions. A container's own listeners hear nothing of them. */
final class Listeners {
  private final List<HttpSessionListener> ofSessions = new ArrayList<>();
  private final List<HttpSessionIdListener> ofIds = new ArrayList<>();
  private final List<HttpSessionAttributeListener> ofAttributes = new ArrayList<>();

  void add(EventListener listener) {
    if (listener instanceof HttpSessionListener) ofSessions.add((HttpSessionListener) listener);
    if (listener instanceof HttpSessionIdListener) ofIds.add((HttpSessionIdListener) listener);
    if (listener instanceof HttpSessionAttributeListener) {
      ofAttributes.add((HttpSessionAttributeListener) listener);
    }
  }

  void created(HttpSession session) {
    ofSessions.forEach(each -> each.sessionCreated(new HttpSessionEvent(session)));
  }

  /** The last that was added is told first. */
  void destroyed(HttpSession session) {
    for (int i = ofSessions.size() - 1; i >= 0; --i) {
      ofSessions.get(i).sessionDestroyed(new HttpSessionEvent(session));
    }
  }

  void idChanged(HttpSession session, String before) {
    ofIds.forEach(each -> each.sessionIdChanged(new HttpSessionEvent(session), before));
  }

  /** Before the value is there. */
  void bound(HttpSession session, String name, Object value, Object before) {
    if (value != before && value instanceof HttpSessionBindingListener) {
      ((HttpSessionBindingListener) value)
          .valueBound(new HttpSessionBindingEvent(session, name, value));
    }
  }

  /** When the change is made; null: no value. */
  void changed(HttpSession session, String name, Object value, Object before) {
    if (value != before && before instanceof HttpSessionBindingListener) {
      ((HttpSessionBindingListener) before)
          .valueUnbound(new HttpSessionBindingEvent(session, name));
    }
    if (value == null && before == null) return;
    BiConsumer<HttpSessionAttributeListener, HttpSessionBindingEvent> how =
        before == null
            ? HttpSessionAttributeListener::attributeAdded
            : value == null
                ? HttpSessionAttributeListener::attributeRemoved
                : HttpSessionAttributeListener::attributeReplaced;
    Object told = before == null ? value : before;
    for (HttpSessionAttributeListener each : ofAttributes) {
      how.accept(each, new HttpSessionBindingEvent(session, name, told));
    }
  }
}
