// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * How an application's requests use the SDK: what a Manager's attributes or a Filter's parameters
 * say. Filled before the first request, then only read.
 */
public final class Settings {
  /** Which requests something holds for. */
  public enum Which {
    /** None. */
    NONE,
    /** Those whose method may change something: all but GET, HEAD, OPTIONS and TRACE. */
    UNSAFE,
    /** All. */
    ALL;

    private static final Set<String> SAFE = Set.of("GET", "HEAD", "OPTIONS", "TRACE");

    boolean holds(String method) {
      return this == ALL || (this == UNSAFE && !SAFE.contains(method));
    }

    static Which of(String word) {
      return valueOf(word.trim().toUpperCase(Locale.ROOT));
    }
  }

  public static final int RESPONSE_BUFFER_DEFAULT = 256 * 1024;
  private static final int RESPONSE_BUFFER_MAX = 64 * 1024 * 1024;

  private Which exclusive = Which.UNSAFE;
  private Which storeResponses = Which.UNSAFE;
  private int responseBuffer = RESPONSE_BUFFER_DEFAULT;
  private boolean comparesRead = true;
  private Pattern unprotected;
  private String sessionCookie = "JSESSIONID";
  private String objectFilter = ValueCodec.FILTER_DEFAULT;
  private Pattern classNames;
  private Pattern names;

  /** Requests that run alone in their session: {@code none}, {@code unsafe} or {@code all}. */
  public void setExclusive(String word) {
    exclusive = Which.of(word);
  }

  public String exclusive() {
    return exclusive.name().toLowerCase(Locale.ROOT);
  }

  /** Requests whose answers are kept with the session: see {@link io.understudy.Session}. */
  public void setStoreResponses(String word) {
    storeResponses = Which.of(word);
  }

  public String storeResponses() {
    return storeResponses.name().toLowerCase(Locale.ROOT);
  }

  /** Bytes of a response that are held back until its session is committed. */
  public void setResponseBuffer(int bytes) {
    if (bytes < 1 || bytes > RESPONSE_BUFFER_MAX) {
      throw new IllegalArgumentException("responseBuffer is 1 to " + RESPONSE_BUFFER_MAX);
    }
    responseBuffer = bytes;
  }

  public int responseBuffer() {
    return responseBuffer;
  }

  /**
   * Whether values that were only read are compared, when the request ends, with what they were.
   */
  public void setComparesRead(boolean is) {
    comparesRead = is;
  }

  public boolean comparesRead() {
    return comparesRead;
  }

  /** Paths, below the context's, that run without a session; null or empty: none. */
  public void setUnprotected(String regex) {
    unprotected = pattern(regex);
  }

  public String unprotected() {
    return text(unprotected);
  }

  /** The name that the member's directive SessionCookie has. */
  public void setSessionCookie(String name) {
    sessionCookie = Objects.requireNonNull(name, "name");
  }

  public String sessionCookie() {
    return sessionCookie;
  }

  /** What may be read, in the syntax of {@code jdk.serialFilter}. */
  public void setObjectFilter(String filter) {
    ValueCodec.parse(filter);
    objectFilter = filter;
  }

  public String objectFilter() {
    return objectFilter;
  }

  /**
   * Classes of values and of what is in them; null or empty: all that the object filter lets in.
   */
  public void setClassNames(String regex) {
    classNames = pattern(regex);
  }

  Pattern classNames() {
    return classNames;
  }

  /** Attributes that are kept; the others live as long as the request. Null or empty: all. */
  public void setNames(String regex) {
    names = pattern(regex);
  }

  /** Whether an attribute of this name is kept with the session. */
  public boolean isKept(String name) {
    return names == null || names.matcher(name).matches();
  }

  /** For {@link SessionValues}. */
  public ValueCodec codec() {
    return new ValueCodec(objectFilter, classNames);
  }

  boolean isExclusive(String method) {
    return exclusive.holds(method);
  }

  boolean isStored(String method) {
    return storeResponses.holds(method);
  }

  public boolean isUnprotected(String path) {
    return unprotected != null && unprotected.matcher(path).matches();
  }

  private static Pattern pattern(String regex) {
    return regex == null || regex.isEmpty() ? null : Pattern.compile(regex);
  }

  private static String text(Pattern pattern) {
    return pattern == null ? null : pattern.pattern();
  }
}
