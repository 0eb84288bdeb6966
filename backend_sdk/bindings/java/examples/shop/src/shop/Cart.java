// SPDX-License-Identifier: Apache-2.0
package shop;

import java.io.Serializable;
import java.util.Map;
import java.util.TreeMap;

/** What a customer wants: pieces by item. An attribute of the session. */
public final class Cart implements Serializable {
  private static final long serialVersionUID = 1;

  private final TreeMap<String, Integer> pieces = new TreeMap<>();

  public void add(String item) {
    pieces.merge(item, 1, Integer::sum);
  }

  public void remove(String item) {
    pieces.remove(item);
  }

  public Map<String, Integer> getPieces() {
    return pieces;
  }

  public int getCount() {
    return pieces.values().stream().mapToInt(Integer::intValue).sum();
  }
}
