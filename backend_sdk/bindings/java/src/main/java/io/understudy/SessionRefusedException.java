// SPDX-License-Identifier: Apache-2.0
package io.understudy;

/** A change of the session was refused. Nothing of the request happens; it is answered 500. */
public final class SessionRefusedException extends UnderstudyException {
  private static final long serialVersionUID = 1;

  SessionRefusedException(String message) {
    super(Reason.REFUSED, message);
  }
}
