// SPDX-License-Identifier: Apache-2.0
package io.understudy;

import java.util.Objects;

/**
 * A header of a request or a response. The name's letter case does not matter.
 *
 * @param name not empty
 * @param value may be empty
 */
public record Header(String name, String value) {
  public Header {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(value, "value");
  }
}
