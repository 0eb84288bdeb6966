// SPDX-License-Identifier: Apache-2.0
package io.understudy;

/**
 * What to do with a request: exactly one of both is there.
 *
 * @param session the handler runs with it; then {@link Session#finish}
 * @param reply sent instead: 421 when another member serves the session, 503 when none may now, the
 *     stored answer of a request that ran before, the path of the proxy's questions
 */
public record Decision(Session session, Reply reply) {}
