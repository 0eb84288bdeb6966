// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import io.understudy.Session;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionActivationListener;
import jakarta.servlet.http.HttpSessionEvent;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * The attributes of one request's session, as objects. A value is read from its bytes when it is
 * first asked for. {@link #flush} gives the SDK what has changed: what was set or removed, and what
 * was only read and has other bytes now. Every request has objects of its own; threads of one
 * request may share this.
 */
public final class SessionValues {
  private final Session session;
  private final Settings settings;
  private final ValueCodec codec;
  private final ClassLoader loader;
  private final Supplier<HttpSession> face;
  private final Map<String, Entry> entries = new TreeMap<>();
  private TreeSet<String> storedNames;
  private boolean isCleared;
  private boolean isReadOnly;

  /** An attribute that this request has looked at. */
  private static final class Entry {
    byte[] stored; // null: the session has none
    Object value; // null: none, or not read yet
    boolean isRead;
    boolean isSet; // set or removed by this request
  }

  /**
   * @param face what values that listen are told is their session
   */
  SessionValues(
      Session session,
      Settings settings,
      ValueCodec codec,
      ClassLoader loader,
      Supplier<HttpSession> face) {
    this.session = session;
    this.settings = settings;
    this.codec = codec;
    this.loader = loader;
    this.face = face;
  }

  /**
   * Null when there is none.
   *
   * @throws IllegalStateException its bytes cannot be read: its class is missing, another one, or
   *     refused by the filters
   */
  public synchronized Object get(String name) {
    Entry entry = entry(name);
    if (!entry.isRead) {
      try {
        read(entry);
      } catch (IOException | ClassNotFoundException | RuntimeException unreadable) {
        throw new IllegalStateException(
            "session attribute '" + name + "' cannot be read: " + unreadable, unreadable);
      }
    }
    return entry.value;
  }

  /** Gives what was there before; null when it cannot be read any more. */
  public synchronized Object put(String name, Object value) {
    checkName(name);
    return change(name, value);
  }

  /** Gives what was there before; null when it cannot be read any more. */
  public synchronized Object remove(String name) {
    return change(name, null);
  }

  /** Sorted. */
  public synchronized List<String> names() {
    TreeSet<String> names = new TreeSet<>(stored());
    entries.forEach(
        (name, entry) -> {
          if (entry.isSet && entry.value == null) names.remove(name);
          if (entry.isSet && entry.value != null) names.add(name);
        });
    return new ArrayList<>(names);
  }

  /** The same session begins anew: what it has stored is no longer there. */
  synchronized void clear() {
    stored();
    entries.clear();
    isCleared = true;
  }

  /** Gets the bytes of all that is stored, to be read when the SDK's session is finished. */
  synchronized void load() {
    stored().forEach(this::entry);
  }

  /** From now on it can only be read, as far as it is loaded. */
  synchronized void seal() {
    isReadOnly = true;
  }

  /**
   * Gives the SDK what has changed.
   *
   * @param goesOn the request goes on reading when its session is finished
   * @return whether anything has
   * @throws IOException a value that cannot be serialized; the message names it
   */
  synchronized boolean flush(boolean goesOn) throws IOException {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try {
      boolean isChanged = false;
      if (isCleared) isChanged = removeStored();
      for (Map.Entry<String, Entry> each : entries.entrySet()) {
        if (settings.isKept(each.getKey())) {
          isChanged |= flush(each.getKey(), each.getValue(), goesOn);
        }
      }
      return isChanged;
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private boolean removeStored() {
    for (String name : storedNames) session.remove(name);
    return !storedNames.isEmpty();
  }

  private boolean flush(String name, Entry entry, boolean goesOn) throws IOException {
    if (entry.value == null) {
      if (!entry.isSet || entry.stored == null) return false;
      session.remove(name);
      return true;
    }
    boolean mayDiffer = settings.comparesRead() && !ValueCodec.isImmutable(entry.value);
    if (!entry.isSet && !mayDiffer) return false;
    byte[] bytes = encode(name, entry.value, goesOn);
    if (entry.stored != null && Arrays.equals(bytes, entry.stored)) return false;
    session.set(name, bytes);
    return true;
  }

  private byte[] encode(String name, Object value, boolean goesOn) throws IOException {
    boolean listens = value instanceof HttpSessionActivationListener;
    if (listens) {
      ((HttpSessionActivationListener) value).sessionWillPassivate(event());
    }
    try {
      return codec.encode(value);
    } catch (IOException | RuntimeException unwritable) {
      throw new IOException(
          "session attribute '" + name + "' cannot be serialized: " + unwritable, unwritable);
    } finally {
      if (listens && goesOn) {
        ((HttpSessionActivationListener) value).sessionDidActivate(event());
      }
    }
  }

  private Object change(String name, Object value) {
    if (isReadOnly) {
      throw new IllegalStateException(
          "the response has begun and its session is committed: it can only be read now"
              + " (a larger responseBuffer holds the response back for longer)");
    }
    Entry entry = entry(name);
    Object before = old(entry);
    entry.value = value;
    entry.isRead = true;
    entry.isSet = true;
    return before;
  }

  private Object old(Entry entry) {
    try {
      if (!entry.isRead) read(entry);
      return entry.value;
    } catch (IOException | ClassNotFoundException | RuntimeException unreadable) {
      return null;
    }
  }

  private Entry entry(String name) {
    return entries.computeIfAbsent(
        name,
        wanted -> {
          Entry entry = new Entry();
          if (!isCleared && !isReadOnly && !wanted.startsWith(SessionFacts.RESERVED)) {
            entry.stored = session.get(wanted);
          }
          return entry;
        });
  }

  private void read(Entry entry) throws IOException, ClassNotFoundException {
    if (entry.stored != null) {
      entry.value = codec.decode(entry.stored, loader);
      if (entry.value instanceof HttpSessionActivationListener) {
        ((HttpSessionActivationListener) entry.value).sessionDidActivate(event());
      }
    }
    entry.isRead = true;
  }

  private HttpSessionEvent event() {
    return new HttpSessionEvent(face.get());
  }

  /** Without those that are not the application's. */
  private TreeSet<String> stored() {
    if (storedNames == null) {
      storedNames = new TreeSet<>(isReadOnly ? List.of() : session.names());
      storedNames.removeIf(name -> name.startsWith(SessionFacts.RESERVED));
    }
    return isCleared ? new TreeSet<>() : storedNames;
  }

  private static void checkName(String name) {
    if (name.startsWith(SessionFacts.RESERVED)) {
      throw new IllegalArgumentException(
          "names that begin with " + SessionFacts.RESERVED + " are not the application's");
    }
  }
}
