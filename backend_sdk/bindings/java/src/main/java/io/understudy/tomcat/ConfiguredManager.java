// SPDX-License-Identifier: Apache-2.0
package io.understudy.tomcat;

import io.understudy.servlet.Settings;
import org.apache.catalina.session.ManagerBase;

/** The attributes of the element Manager, beside those that every manager of Tomcat has. */
public abstract class ConfiguredManager extends ManagerBase {
  private final Settings settings = new Settings();
  private String configuration;
  private boolean logs = true;

  /** A member's configuration file; relative to catalina.base. Required. */
  public void setConfiguration(String file) {
    configuration = file;
  }

  public String getConfiguration() {
    return configuration;
  }

  public void setExclusiveRequests(String word) {
    settings.setExclusive(word);
  }

  public String getExclusiveRequests() {
    return settings.exclusive();
  }

  public void setStoreResponses(String word) {
    settings.setStoreResponses(word);
  }

  public String getStoreResponses() {
    return settings.storeResponses();
  }

  public void setResponseBuffer(int bytes) {
    settings.setResponseBuffer(bytes);
  }

  public int getResponseBuffer() {
    return settings.responseBuffer();
  }

  public void setCompareReadAttributes(boolean is) {
    settings.setComparesRead(is);
  }

  public boolean getCompareReadAttributes() {
    return settings.comparesRead();
  }

  public void setUnprotected(String regex) {
    settings.setUnprotected(regex);
  }

  public String getUnprotected() {
    return settings.unprotected();
  }

  public void setObjectInputFilter(String filter) {
    settings.setObjectFilter(filter);
  }

  public String getObjectInputFilter() {
    return settings.objectFilter();
  }

  public void setSessionCookie(String name) {
    settings.setSessionCookie(name);
  }

  public String getSessionCookie() {
    return settings.sessionCookie();
  }

  /** Whether the SDK's log goes to Tomcat's. */
  public void setLog(boolean is) {
    logs = is;
  }

  public boolean getLog() {
    return logs;
  }

  Settings settings() {
    return settings;
  }
}
