// SPDX-License-Identifier: Apache-2.0
package io.understudy.tomcat;

import io.understudy.servlet.SessionValues;
import java.util.AbstractMap;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentMap;

/**
 * Tomcat's map of a session's attributes, over the SDK's values: with it StandardSession keeps its
 * checks and its events. A request's own, so that compound operations need no lock of the map.
 */
final class AttributeMap extends AbstractMap<String, Object>
    implements ConcurrentMap<String, Object> {
  private final SessionValues values;

  AttributeMap(SessionValues values) {
    this.values = values;
  }

  @Override
  public Object get(Object name) {
    return values.get((String) name);
  }

  @Override
  public boolean containsKey(Object name) {
    return values.names().contains(name);
  }

  @Override
  public Object put(String name, Object value) {
    return values.put(name, value);
  }

  @Override
  public Object remove(Object name) {
    return values.remove((String) name);
  }

  @Override
  public Set<String> keySet() {
    return new LinkedHashSet<>(values.names());
  }

  /** Reads all values. */
  @Override
  public Set<Entry<String, Object>> entrySet() {
    Set<Entry<String, Object>> entries = new LinkedHashSet<>();
    for (String name : values.names()) entries.add(new SimpleEntry<>(name, values.get(name)));
    return entries;
  }

  @Override
  public synchronized Object putIfAbsent(String name, Object value) {
    Object before = get(name);
    return before == null ? put(name, value) : before;
  }

  @Override
  public synchronized boolean remove(Object name, Object value) {
    if (!value.equals(get(name))) return false;
    remove(name);
    return true;
  }

  @Override
  public synchronized boolean replace(String name, Object before, Object value) {
    if (!before.equals(get(name))) return false;
    put(name, value);
    return true;
  }

  @Override
  public synchronized Object replace(String name, Object value) {
    return containsKey(name) ? put(name, value) : null;
  }
}
