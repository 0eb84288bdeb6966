// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import java.util.Collections;
import javax.servlet.http.HttpSession;
import javax.servlet.http.HttpSessionContext;

/** What only some versions of the servlet API ask of a session: the old names, up to 5. */
@SuppressWarnings("deprecation")
abstract class AbstractHttpSession implements HttpSession {
  @Override
  public HttpSessionContext getSessionContext() {
    return null;
  }

  @Override
  public Object getValue(String name) {
    return getAttribute(name);
  }

  @Override
  public String[] getValueNames() {
    return Collections.list(getAttributeNames()).toArray(new String[0]);
  }

  @Override
  public void putValue(String name, Object value) {
    setAttribute(name, value);
  }

  @Override
  public void removeValue(String name) {
    removeAttribute(name);
  }
}
