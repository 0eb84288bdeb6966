// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import jakarta.servlet.ServletContext;
import java.io.Serializable;
import java.util.Collections;
import java.util.Enumeration;

/** The session of one request behind the {@link UnderstudyFilter}. */
final class StoredSession extends AbstractHttpSession {
  private final Exchange exchange;
  private final ServletContext context;
  private final Listeners listeners;
  private final boolean isNew;
  private boolean isValid = true;

  StoredSession(Exchange exchange, ServletContext context, Listeners listeners) {
    this.exchange = exchange;
    this.context = context;
    this.listeners = listeners;
    isNew = exchange.isNew();
  }

  boolean isValid() {
    return isValid;
  }

  private void checkValid() {
    if (!isValid) throw new IllegalStateException("the session was invalidated");
  }

  @Override
  public long getCreationTime() {
    checkValid();
    return exchange.facts().created();
  }

  @Override
  public String getId() {
    return exchange.id();
  }

  @Override
  public long getLastAccessedTime() {
    checkValid();
    return exchange.facts().lastAccessed();
  }

  @Override
  public ServletContext getServletContext() {
    return context;
  }

  @Override
  public void setMaxInactiveInterval(int seconds) {
    exchange.facts().setMaxInactiveSeconds(seconds);
  }

  @Override
  public int getMaxInactiveInterval() {
    return exchange.facts().maxInactiveSeconds();
  }

  @Override
  public Object getAttribute(String name) {
    checkValid();
    return exchange.values().get(name);
  }

  @Override
  public Enumeration<String> getAttributeNames() {
    checkValid();
    return Collections.enumeration(exchange.values().names());
  }

  @Override
  public void setAttribute(String name, Object value) {
    if (value == null) {
      removeAttribute(name);
      return;
    }
    checkValid();
    if (!(value instanceof Serializable)) {
      throw new IllegalArgumentException(
          "session attribute '" + name + "' is not serializable: " + value.getClass().getName());
    }
    listeners.bound(this, name, value, exchange.values().get(name));
    Object before = exchange.values().put(name, value);
    listeners.changed(this, name, value, before);
  }

  @Override
  public void removeAttribute(String name) {
    checkValid();
    listeners.changed(this, name, null, exchange.values().remove(name));
  }

  @Override
  public void invalidate() {
    checkValid();
    listeners.destroyed(this);
    exchange.invalidate();
    for (String name : exchange.values().names()) removeAttribute(name);
    isValid = false;
  }

  @Override
  public boolean isNew() {
    checkValid();
    return isNew;
  }
}
