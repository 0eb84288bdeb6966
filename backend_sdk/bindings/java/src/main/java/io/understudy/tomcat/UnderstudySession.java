// SPDX-License-Identifier: Apache-2.0
package io.understudy.tomcat;

import io.understudy.servlet.Exchange;
import java.io.Serializable;
import java.security.Principal;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.catalina.session.StandardSession;

/**
 * Tomcat's session of one request: a StandardSession whose attributes are the SDK's. Who has logged
 * in is kept with it, and those notes of Tomcat's authenticators that are serializable and no
 * password.
 */
final class UnderstudySession extends StandardSession {
  private static final long serialVersionUID = 1;

  private final transient Exchange exchange;
  private final transient UnderstudyManager manager;
  private transient boolean isLoginRead;

  /** What is kept of a login. */
  private static final class Login implements Serializable {
    private static final long serialVersionUID = 1;
    final String authType;
    final Principal principal;
    final HashMap<String, Object> notes = new HashMap<>();

    Login(String authType, Principal principal) {
      this.authType = authType;
      this.principal = principal instanceof Serializable ? principal : null;
    }
  }

  UnderstudySession(UnderstudyManager manager, Exchange exchange) {
    super(manager);
    this.manager = manager;
    this.exchange = exchange;
    attributes = new AttributeMap(exchange.values());
    id = exchange.id();
    isNew = exchange.isNew();
    isValid = true;
    creationTime = exchange.facts().created();
    lastAccessedTime = exchange.facts().lastAccessed();
    thisAccessedTime = lastAccessedTime;
    maxInactiveInterval = exchange.facts().maxInactiveSeconds();
  }

  Exchange exchange() {
    return exchange;
  }

  /** Its id is the SDK's; the manager has no table of sessions that would have to follow. */
  @Override
  public void setId(String newId, boolean notify) {
    id = newId;
    if (notify) tellNew();
  }

  /** The exchange has found out at the beginning whether it has expired. */
  @Override
  public boolean isValid() {
    return isValid;
  }

  @Override
  public void setAttribute(String name, Object value, boolean notify) {
    if (value != null && !manager.isStorable(name, value)) {
      throw new IllegalArgumentException(
          "session attribute '" + name + "' cannot be kept: " + value.getClass().getName()
              + " is not serializable, or its name is refused");
    }
    super.setAttribute(name, value, notify);
  }

  @Override
  public void setMaxInactiveInterval(int seconds) {
    super.setMaxInactiveInterval(seconds);
    exchange.facts().setMaxInactiveSeconds(seconds);
  }

  // --- who has logged in -------------------------------------------------------------------------

  @Override
  public String getAuthType() {
    readLogin();
    return super.getAuthType();
  }

  @Override
  public void setAuthType(String type) {
    readLogin();
    super.setAuthType(type);
    writeLogin();
  }

  @Override
  public Principal getPrincipal() {
    readLogin();
    return super.getPrincipal();
  }

  @Override
  public void setPrincipal(Principal who) {
    readLogin();
    super.setPrincipal(who);
    writeLogin();
  }

  @Override
  public Object getNote(String name) {
    readLogin();
    return super.getNote(name);
  }

  @Override
  public void setNote(String name, Object value) {
    readLogin();
    super.setNote(name, value);
    writeLogin();
  }

  @Override
  public void removeNote(String name) {
    readLogin();
    super.removeNote(name);
    writeLogin();
  }

  private void readLogin() {
    if (isLoginRead) return;
    isLoginRead = true;
    byte[] bytes = exchange.login();
    if (bytes == null) return;
    Login login = (Login) manager.readLogin(bytes);
    if (login == null) return;
    authType = login.authType;
    principal = login.principal;
    notes.putAll(login.notes);
  }

  private void writeLogin() {
    Login login = new Login(authType, principal);
    for (Map.Entry<String, Object> note : notes.entrySet()) {
      boolean isSecret = note.getKey().toLowerCase(Locale.ROOT).contains("password");
      if (!isSecret && note.getValue() instanceof Serializable) {
        login.notes.put(note.getKey(), note.getValue());
      }
    }
    boolean isEmpty = authType == null && login.principal == null && login.notes.isEmpty();
    exchange.setLogin(isEmpty ? null : manager.writeLogin(login));
  }
}
